"""A table made from portraits is one that the gain can use."""

import json
import shutil

import pytest

import yuragi
from yuragi import Guidance
from yuragi.research.train.portraits import portrait
from yuragi.research.train.table import LEVELS, captions_of, write_table
from yuragi.tasks.guidance.gains import TABLE


@pytest.mark.slow
def test_make_and_use_a_table(pipeline_folder, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(pipeline_folder, folder)
    model = yuragi.load(folder, "cpu")
    seen = []
    path = write_table(model.loaded, tmp_path / "data", 40, 0, lambda *done: seen.append(done))
    assert path == folder / TABLE
    assert seen == [(1, 2), (2, 2)]
    table = json.loads(path.read_text())
    assert tuple(level for level, _ in table) == LEVELS
    assert all(rho > 0 for _, rho in table)
    rule = Guidance(gain="scheduled")
    result = model.sample("red hair", guidance=rule, num_inference_steps=2, seed=0)
    assert [list(row) for row in result.request.guidance.gain.table] == table


def test_a_caption_does_not_depend_on_the_portraits_before_it():
    labels = [portrait("validation", k).labels for k in range(12)]
    last = captions_of(labels, 0)[-1]
    for first in range(11):
        others = [labels[first]] * 11
        assert captions_of([*others, labels[-1]], 0)[-1] == last
    assert captions_of(labels, 1)[-1] != last
