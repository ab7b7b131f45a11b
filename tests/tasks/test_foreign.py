"""Edits of pictures that the model does not know say so; drags then fill instead of imagining."""

import warnings

import numpy as np
import pytest
from PIL import Image, ImageDraw

import yuragi
from gradients import gradient, noise
from promises import assert_identical
from yuragi.models.familiarity import familiarity
from yuragi.tasks import context as contexts
from yuragi.tasks.run import run, run_all
from yuragi.tasks.warping import preview

QUICK = {"prompt": "red hair", "num_inference_steps": 4, "seed": 0}


def edited(model, picture):
    return model.sdedit(picture, strength=0.5, **QUICK)


@pytest.fixture
def foreign():
    """A disc on ground of even bands: cut out by two points, and no gradient."""
    pixels = np.tile(np.repeat([30, 90, 160, 220], 32)[None, :, None], (128, 1, 3)).astype(np.uint8)
    picture = Image.fromarray(pixels)
    ImageDraw.Draw(picture).ellipse((24, 32, 56, 64), fill="red")
    return picture


def dragged(model, picture):
    return model.drag(picture, [((40, 44), (80, 36)), ((40, 52), (80, 44))], **QUICK)


def test_an_edit_of_a_known_picture_says_nothing(knowing):
    result = edited(knowing, gradient(3000))
    assert result.familiarity >= 1
    assert result.warnings == []
    assert result.report()["familiarity"] == result.familiarity


def test_an_edit_of_a_foreign_picture_says_what_the_model_knows(knowing):
    with pytest.warns(yuragi.YuragiWarning, match="the model knows only smooth pictures") as said:
        result = edited(knowing, noise(0))
    assert result.familiarity < 1
    assert result.warnings == [str(one.message) for one in said]
    assert "edits of it will look like smooth pictures" in result.warnings[0]


@pytest.mark.parametrize(
    ("task", "given"),
    [
        ("inpaint", {}),
        ("translate", {"source_prompt": "blue hair", "strength": 0.5}),
        ("invert", {"strength": 0.5}),
        ("drag", {"points": [((40, 48), (50, 48))], "preset": "fast"}),
    ],
)
def test_every_task_measures(knowing, task, given):
    says = "this picture is foreign to it .*: edits of it will look like smooth pictures"
    if task == "inpaint":
        says = "the filled picture is foreign to it .*: either its other parts are foreign"
        mask = Image.new("L", (128, 128), 0)
        mask.paste(255, (0, 0, 128, 64))
        given = {"mask": mask}
    with pytest.warns(yuragi.YuragiWarning, match=says):
        result = getattr(knowing, task)(noise(0), **given, **QUICK)
    assert result.familiarity < 1


def test_inpainting_measures_its_result_because_a_hole_can_hold_anything(knowing):
    picture, mask = gradient(3000), Image.new("L", (128, 128), 0)
    picture.paste("gray", (0, 0, 64, 64))
    mask.paste(255, (0, 0, 64, 64))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", yuragi.YuragiWarning)
        result = knowing.inpaint(picture, mask, num_images=2, **QUICK)
    assert result.familiarity == familiarity(knowing.loaded, result.images[0])
    assert result.familiarity != familiarity(knowing.loaded, picture)


def test_a_drag_fills_instead_of_imagining(knowing, foreign):
    with pytest.warns(yuragi.YuragiWarning, match="filled from its surroundings, not imagined"):
        result = dragged(knowing, foreign)
    assert result.familiarity < 1
    assert result.evaluations == 0
    assert_identical(result.image, preview(result.request, foreign))


def test_without_a_calibration_it_imagines(tiny, foreign):
    result = dragged(tiny, foreign)
    assert result.familiarity is None
    assert result.evaluations > 0
    assert result.warnings == []


def test_a_drag_without_a_network_measures_nothing(knowing, monkeypatch):
    def never(*arguments):
        raise AssertionError

    monkeypatch.setattr(contexts, "familiarity", never)
    result = knowing.drag(noise(0), [((40, 48), (50, 48))], **QUICK)
    assert result.familiarity is None
    assert result.evaluations == 0


def test_the_words_of_a_model_without_a_card_are_general(knowing, tmp_path):
    import shutil

    folder = shutil.copytree(knowing.loaded.path, tmp_path / "copy")
    (folder / "README.md").unlink()
    with pytest.warns(yuragi.YuragiWarning, match="knows only the pictures of its training"):
        edited(yuragi.load(folder, "cpu"), noise(0))


def test_it_costs_the_result_nothing(knowing, tiny):
    assert edited(knowing, gradient(0)).evaluations == edited(tiny, gradient(0)).evaluations
    assert_identical(edited(knowing, gradient(0)).image, edited(tiny, gradient(0)).image)


def test_a_picture_is_measured_once_for_all_requests(knowing, monkeypatch):
    first = edited(knowing, gradient(0))
    other = knowing.translate(
        gradient(0), source_prompt="red hair", prompt="blue hair", num_inference_steps=4, seed=0
    )
    seen, measure = [], contexts.familiarity

    def watched(model, picture):
        seen.append(picture)
        return measure(model, picture)

    monkeypatch.setattr(contexts, "familiarity", watched)
    again = first.request.model_copy(update={"seed": 1})
    results = run_all([first.request, again, other.request], knowing.loaded, first.sources)
    assert len(seen) == 1
    assert {result.familiarity for result in results} == {first.familiarity}


def test_a_crop_is_measured_not_the_whole_picture(knowing):
    whole = noise(0).resize((384, 384), Image.Resampling.NEAREST)
    whole.paste(gradient(1).resize((192, 192), Image.Resampling.BICUBIC), (0, 0))
    mask = Image.new("L", whole.size, 0)
    ImageDraw.Draw(mask).rectangle((64, 64, 112, 112), fill=255)
    result = knowing.inpaint(whole, mask, **QUICK)
    assert result.crop is not None
    assert result.familiarity >= 1
    uncut = result.request.model_copy(update={"crop": "off"})
    with pytest.warns(yuragi.YuragiWarning, match="foreign"):
        assert run(uncut, knowing.loaded, result.sources).familiarity < 1
