"""The Python API: what people expect of it, task by task."""

import inspect
import json

import numpy as np
import pytest
from PIL import Image

import yuragi
from promises import (
    assert_different,
    assert_equal_to_rounding,
    assert_identical,
    assert_untouched_outside,
)
from yuragi.errors import InputError
from yuragi.images.show import before_after
from yuragi.model import Model, _Drawing

QUICK = {"num_inference_steps": 2, "seed": 0}


@pytest.fixture(scope="module")
def saved(tiny, tmp_path_factory):
    """Two pictures of a result, as files."""
    result = tiny.sample("red", num_images=2, **QUICK)
    return result, result.save(tmp_path_factory.mktemp("made") / "out.png")


def test_a_model_is_one_line():
    assert repr(yuragi.load("portraits", "cpu")) == (
        "<Model portraits: Stable Diffusion, cpu, torch.float32>"
    )


def test_a_file_replays_in_every_form(saved, tiny):
    result, (first, second) = saved
    for source in (second, str(second), second.read_bytes(), Image.open(second)):
        again = yuragi.replay(source, device="cpu")
        assert (again.difference, again.index, again.notes) == (0, 1, [])
        assert_identical(again.result.images, result.images)
    with first.open("rb") as opened:
        assert yuragi.replay(opened, tiny).difference == 0


def test_a_result_replays(saved, tiny):
    result, _ = saved
    again = yuragi.replay(result, tiny)
    assert (again.difference, again.index) == (0, 0)


def test_a_text_replays_without_a_picture_to_compare(saved, tiny):
    result, (first, _) = saved
    for text in (json.dumps(result.report()), Image.open(first).text["yuragi"]):
        again = yuragi.replay(text, tiny)
        assert again.difference is None
        assert_identical(again.result.image, result.image)
    with pytest.raises(InputError, match="^source must be a request and its origin.*given: {}"):
        yuragi.replay("{}", tiny)


def test_a_replay_is_given_the_pictures_that_a_file_lacks(tiny, picture, tmp_path):
    points = [((26, 22), (30, 22))]
    result = tiny.drag(picture, points, **QUICK)
    (file,) = result.save(tmp_path / "out.png", embed_sources=False)
    with pytest.raises(InputError, match="^source.*missing"):
        yuragi.replay(file, tiny)
    assert yuragi.replay(file, tiny, sources=[np.array(picture)]).difference == 0


def test_other_weights_want_force(saved, tiny):
    _, (first, _) = saved
    with pytest.raises(InputError, match="^model.*not those that made this picture.*force"):
        yuragi.replay(first, "portraits", device="cpu")
    again = yuragi.replay(first, "portraits", device="cpu", force=True)
    assert again.difference == 255
    assert again.reason == (
        "the model makes pictures of 256 x 256 pixels, and the saved one has 128 x 128"
    )
    assert len(again.notes) == 1


def test_a_picture_larger_than_the_limit_is_refused_and_the_limit_can_be_raised(tiny, picture):
    options = {"image": picture, "prompt": "red", "strength": 0.5, "seed": 0}
    points = [((26, 22), (30, 22))]
    for method in (
        lambda most: tiny.sdedit(**options, num_inference_steps=2, max_pixels=most),
        lambda most: tiny.preview_drag(picture, points, max_pixels=most),
        lambda most: tiny.estimate("sdedit", **options, max_pixels=most),
    ):
        with pytest.raises(InputError, match="^image: .*at most 3,071 pixels"):
            method(64 * 48 - 1)
        method(64 * 48)


def test_several_prompts_give_a_result_each(tiny):
    told = []
    settings = QUICK | {"width": 64, "height": 64, "num_images": 2}
    drawn = tiny.sample(
        ["red hair", "a person"], on_progress=lambda *at: told.append(at), **settings
    )
    assert told == [(1, 2), (2, 2)]  # one batch of four rows
    assert [each.request.prompt for each in drawn] == ["red hair", "a person"]
    for result in drawn:
        alone = tiny.sample(result.request.prompt, **settings)
        assert alone.request == result.request
        assert alone.evaluations == result.evaluations
        assert_equal_to_rounding(result.images, alone.images)


def test_several_seeds_give_a_result_each(tiny):
    settings = {"num_inference_steps": 2, "width": 64, "height": 64}
    drawn = tiny.sample("red", seed=range(3), **settings)
    assert [each.request.seed for each in drawn] == [0, 1, 2]
    assert_equal_to_rounding(drawn[2].image, tiny.sample("red", seed=2, **settings).image)
    pairs = tiny.sample(("red", "blue"), seed=[4, 5], **settings)
    assert [(each.request.prompt, each.request.seed) for each in pairs] == [("red", 4), ("blue", 5)]
    first, second = tiny.sample(["red", "red"], **settings)
    assert first.request.seed != second.request.seed
    (only,) = tiny.sample(["red"], seed=2, **settings)
    assert_identical(only.image, tiny.sample("red", seed=2, **settings).image)


@pytest.mark.parametrize("prompt", [None, 5])
def test_a_prompt_is_a_text(tiny, prompt):
    with pytest.raises(InputError, match="^prompt .*a text, or a list of texts"):
        tiny.sample(prompt)


@pytest.mark.parametrize("option", ["preset", "sampler"])
def test_names_of_a_drag_are_texts(tiny, picture, option):
    with pytest.raises(InputError, match=f"^{option} must be one of"):
        tiny.drag(picture, [((4, 4), (9, 9))], **{option: ["warp"]})


def test_numbers_of_prompts_and_seeds_must_fit(tiny):
    with pytest.raises(InputError, match=r"^seed must .*each of 2 prompts.*\[1, 2, 3\]"):
        tiny.sample(["red", "blue"], seed=[1, 2, 3])
    with pytest.raises(InputError, match=r"^prompt must be one prompt or more.*\[\]"):
        tiny.sample([])
    with pytest.raises(InputError, match=r"^seed must .*\[\]"):
        tiny.sample("red", seed=[])
    with pytest.raises(InputError, match="^seed must .*given: -1"):
        tiny.sample(["red", "blue"], seed=[1, -1])


def test_the_keywords_of_several_prompts_are_those_of_one():
    arguments = set(inspect.signature(Model.sample).parameters)
    assert arguments == {"self", "prompt", "seed", *_Drawing.__annotations__}


def test_a_drag_can_be_previewed(tiny, picture, monkeypatch):
    monkeypatch.setattr(type(tiny.loaded), "bind", lambda *prompts: pytest.fail("a network ran"))
    inside = np.zeros((48, 64), bool)
    inside[10:34, 14:44] = True
    mask = Image.fromarray(inside.astype(np.uint8) * 255)
    moved = tiny.preview_drag(picture, [((26, 22), (30, 22))], mask=inside)
    assert moved.size == picture.size
    assert_untouched_outside(moved, picture, mask)
    assert_different(moved, picture)
    corners = [(20, 16), (31, 16), (31, 27), (20, 27)]
    larger = tiny.preview_drag(picture, select=corners, move=(4, 0), rotate=5, enlarge=1.2)
    assert_different(larger, picture)
    assert tiny.preview_drag(picture, select=corners, move=(4, 0), resize=32).size == (32, 24)
    with pytest.raises(InputError, match="^points .*target 70,22"):
        tiny.preview_drag(picture, [((26, 22), (70, 22))])


def test_a_preview_is_the_second_frame_of_the_drag(tiny, picture):
    points = [((26, 22), (30, 22))]
    dragged = tiny.drag(picture, points, **QUICK | {"num_inference_steps": 4})
    assert_identical(tiny.preview_drag(picture, points), dragged.frames[1])


def test_before_and_after(tiny, picture):
    dragged = tiny.drag(
        picture, [((26, 22), (30, 22))], num_images=2, num_inference_steps=4, seed=0
    )
    for k, image in enumerate(dragged.images):
        moves = [((26, 22), (30, 22))]
        assert_identical(dragged.compare(k), before_after(picture, image, moves))
    edited = tiny.sdedit(picture, prompt="red", **QUICK)
    assert_identical(edited.compare(), before_after(picture, edited.image, []))
    with pytest.raises(InputError, match="^request must .*changes a picture.*sample"):
        tiny.sample("red", **QUICK).compare()
