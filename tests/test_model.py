"""The Python API: what people expect of it, task by task."""

import json

import numpy as np
import pytest
from PIL import Image

import yuragi
from promises import assert_identical
from yuragi.errors import InputError

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
