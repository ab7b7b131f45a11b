"""Requests that need no model: the same result as with one, and what their files tell."""

import numpy as np
import pytest
from PIL import Image
from skimage import data

from promises import assert_identical
from yuragi.errors import YuragiWarning
from yuragi.models.opening import Opening
from yuragi.tasks.build import build
from yuragi.tasks.drag import DragRequest
from yuragi.tasks.dragging import UNCHANGED
from yuragi.tasks.replay import replay_from
from yuragi.tasks.run import run
from yuragi.tasks.sdedit import SDEditRequest
from yuragi.tasks.without_model import run_without_model

POINTS = [((30, 20), (36, 26))]


@pytest.fixture(scope="module")
def photo():
    return Image.fromarray(data.chelsea()).resize((64, 48))


def drag(picture, points=POINTS, **options):
    return build(DragRequest, {"image": picture, "points": points, "seed": 5, **options})


def test_a_bend_is_the_same_without_a_model(tiny, photo):
    request, sources = drag(photo, radius=24, rigid=0.2)
    made, alone = run(request, tiny.loaded, sources), run_without_model(request, sources)
    assert alone.evaluations == made.evaluations == 0
    assert_identical(alone.image, made.image)
    for one, two in zip(alone.frames, made.frames, strict=True):
        assert_identical(one, two)
    assert alone.report().keys() == made.report().keys()
    assert alone.request.crop == made.request.crop
    assert alone.guidance == made.guidance


@pytest.mark.parametrize(
    "options",
    [
        {"prompt": "red"},
        {"negative_prompt": "red"},
        {"num_images": 2},
        {"guidance_scale": 5.0},  # the model says that it is not used
        {"lora": {"rank": 2}},
        {"preset": "fast"},
        {"regions": [([(9, 9), (40, 9), (40, 40)], [(12, 9), (43, 9), (43, 40)])], "points": []},
    ],
)
def test_other_drags_need_a_model(photo, options):
    assert run_without_model(*drag(photo, **options)) is None


def test_a_cut_needs_a_model_and_so_do_other_tasks(photo):
    even = Image.new("RGB", (64, 48), "white")
    even.paste("red", (20, 14, 40, 30))
    assert run_without_model(*drag(even, [((22, 20), (32, 20)), ((38, 20), (48, 20))])) is None
    assert run_without_model(*build(SDEditRequest, {"image": photo, "prompt": "red"})) is None


def test_what_changes_nothing_and_what_is_not_used_are_said():
    clear = Image.new("RGBA", (64, 48), "white")
    clear.putpixel((0, 0), (255, 255, 255, 0))
    with pytest.warns(YuragiWarning) as caught:
        result = run_without_model(*drag(clear, motion="bend"))
    assert {str(each.message) for each in caught} == set(result.warnings)
    assert UNCHANGED in result.warnings
    assert len(result.warnings) == 2


def test_a_replay_is_identical_although_no_weights_made_the_picture(tiny, photo, tmp_path):
    result = run_without_model(*drag(photo))
    (path,) = result.save(tmp_path / "bent.png")
    again = replay_from(path, Opening(device="cpu"), tiny.loaded)
    assert again.identical
    assert again.notes == []
    assert np.asarray(again.result.image).any()
