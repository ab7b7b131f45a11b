"""The Python API: what people expect of it, task by task."""

import inspect
import json

import numpy as np
import pytest
from PIL import Image

import yuragi
from promises import assert_equal_to_rounding, assert_identical
from yuragi.errors import InputError
from yuragi.model import Model, _Drawing

QUICK = {"num_inference_steps": 2, "seed": 0}


@pytest.fixture(scope="module")
def saved(tiny, tmp_path_factory):
    """Two pictures of a result, as files."""
    result = tiny.sample("x", num_images=2, **QUICK)
    return result, result.save(tmp_path_factory.mktemp("made") / "out.png")


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
    with pytest.raises(InputError, match="source = '{}'.*request and its origin"):
        yuragi.replay("{}", tiny)


def test_a_replay_is_given_the_pictures_that_a_file_lacks(tiny, picture, tmp_path):
    points = [((26, 22), (30, 22))]
    result = tiny.drag(picture, points, **QUICK)
    (file,) = result.save(tmp_path / "out.png", embed_sources=False)
    with pytest.raises(InputError, match="source = 'missing'"):
        yuragi.replay(file, tiny)
    assert yuragi.replay(file, tiny, sources=[np.array(picture)]).difference == 0


def test_other_weights_want_force(saved, tiny):
    _, (first, _) = saved
    with pytest.raises(InputError, match="^model = .*force.*not those that made this picture"):
        yuragi.replay(first, "portraits", device="cpu")
    again = yuragi.replay(first, "portraits", device="cpu", force=True)
    assert again.difference > 0
    assert len(again.notes) == 1


def test_several_prompts_give_a_result_each(tiny):
    told = []
    settings = QUICK | {"width": 64, "height": 64, "num_images": 2}
    drawn = tiny.sample(["red hair", "x"], on_progress=lambda *at: told.append(at), **settings)
    assert told == [(1, 2), (2, 2)]  # one batch of four rows
    assert [each.request.prompt for each in drawn] == ["red hair", "x"]
    for result in drawn:
        alone = tiny.sample(result.request.prompt, **settings)
        assert alone.request == result.request
        assert alone.evaluations == result.evaluations
        assert_equal_to_rounding(result.images, alone.images)


def test_several_seeds_give_a_result_each(tiny):
    settings = {"num_inference_steps": 2, "width": 64, "height": 64}
    drawn = tiny.sample("x", seed=range(3), **settings)
    assert [each.request.seed for each in drawn] == [0, 1, 2]
    assert_equal_to_rounding(drawn[2].image, tiny.sample("x", seed=2, **settings).image)
    pairs = tiny.sample(("a", "b"), seed=[4, 5], **settings)
    assert [(each.request.prompt, each.request.seed) for each in pairs] == [("a", 4), ("b", 5)]
    first, second = tiny.sample(["x", "x"], **settings)
    assert first.request.seed != second.request.seed
    (only,) = tiny.sample(["x"], seed=2, **settings)
    assert_identical(only.image, tiny.sample("x", seed=2, **settings).image)


def test_numbers_of_prompts_and_seeds_must_fit(tiny):
    with pytest.raises(InputError, match=r"^seed = \[1, 2, 3\] .*each of 2 prompts"):
        tiny.sample(["a", "b"], seed=[1, 2, 3])
    with pytest.raises(InputError, match=r"^prompt = \[\] .*one prompt or more"):
        tiny.sample([])
    with pytest.raises(InputError, match=r"^seed = \[\]"):
        tiny.sample("x", seed=[])
    with pytest.raises(InputError, match="^seed = -1"):
        tiny.sample(["a", "b"], seed=[1, -1])


def test_the_keywords_of_several_prompts_are_those_of_one():
    arguments = set(inspect.signature(Model.sample).parameters)
    assert arguments == {"self", "prompt", "seed", *_Drawing.__annotations__}
