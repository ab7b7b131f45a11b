"""Options of a drag that its kind of motion does not use are named."""

import pytest
from PIL import Image, ImageDraw
from skimage import data

import yuragi
from yuragi.tasks.build import build
from yuragi.tasks.drag import DragRequest
from yuragi.tasks.idle import idle

POINTS = [((30, 20), (36, 26))]


def request(picture=None, **options):
    picture = picture or Image.new("RGB", (64, 48))
    return build(DragRequest, {"image": picture, "points": POINTS, "seed": 0, **options})[0]


def test_what_only_the_model_uses_is_named_for_a_bend():
    given = request(num_inference_steps=7, strength=0.4, prompt="red", radius=9, guidance="reg")
    assert idle(given, draws=False) == [
        "not used, because this drag bends the picture, and the model draws nothing in it: "
        "the prompt, the number of steps, the strength, the guidance"
    ]
    assert idle(given, draws=True) == ["not used, because this drag cuts a thing out: the radius"]


@pytest.mark.parametrize("draws", [False, True])
def test_defaults_that_are_given_are_not_named(draws):
    given = request(num_inference_steps=20, strength=0.5, rigid=0.0, preset="warp", eta=None)
    assert idle(given, draws) == []


def test_sde_drag_uses_all():
    assert idle(request(preset="paper", num_inference_steps=7, prompt="red"), draws=True) == []


def test_results_say_it(tiny):
    photo = Image.fromarray(data.astronaut()).resize((64, 48))
    with pytest.warns(yuragi.YuragiWarning, match="this drag bends .*: the number of steps$"):
        bent = tiny.drag(photo, POINTS, num_inference_steps=7)
    assert [each for each in bent.warnings if "the number of steps" in each]
    disc = Image.new("RGB", (64, 48), "white")
    ImageDraw.Draw(disc).ellipse((12, 16, 28, 32), fill="red")
    pairs = [((20, 22), (40, 18)), ((20, 26), (40, 22))]
    with pytest.warns(yuragi.YuragiWarning, match="cuts a thing out: the rigid share$"):
        cut = tiny.drag(disc, pairs, rigid=0.3)
    assert [each for each in cut.warnings if "the rigid share" in each]
