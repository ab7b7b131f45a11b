"""A batch that is killed again and again loses nothing and does nothing twice."""

import csv
import json
from functools import partial

import numpy as np
import pytest
from PIL import Image

from batch_process import kill, receipts, start, until
from yuragi.batch.run import run_batch
from yuragi.batch.settings import Batch
from yuragi.models.opening import Opening
from yuragi.tasks.context import BATCH

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
KILLS = 3
ROWS = KILLS * 3 * BATCH
"""A kill comes a moment after its batch is stored; on a fast machine another batch may follow."""


def as_many(folder, least):
    return len(receipts(folder)) >= least


def test_results_after_kills_are_those_of_one_run(manifest, tmp_path):
    edit = {"kind": "sdedit", "prompt": "a person", "num_inference_steps": 20}
    rows = manifest(*[{**edit, "image": "ab"[k % 2] + ".png", "seed": k} for k in range(ROWS)])
    out, seen = tmp_path / "out", {}
    for _ in range(KILLS):
        process = start(rows, "-o", out, "-q")
        until(partial(as_many, out, len(seen) + 2), process)
        kill(process)
        after = receipts(out)
        assert {name: after[name] for name in seen} == seen  # nothing is done twice
        seen = after
    assert len(seen) < ROWS
    process = start(rows, "-o", out, "-q", "--json")
    told, errors = process.communicate(timeout=300)
    assert process.returncode == 0, errors
    done = json.loads(told)
    assert (done["rows"], done["before"], done["failed"]) == (ROWS, len(seen), 0)
    final = receipts(out)
    assert {name: final[name] for name in seen} == seen
    assert len(final) == ROWS
    whole = run_batch(Batch(manifest=rows, output=str(tmp_path / "whole")), Opening(device="cpu"))
    with open(whole.results, newline="") as file:
        expected = [row["files"] for row in csv.DictReader(file)]
    assert len(set(expected)) == ROWS
    for place in expected:
        one, other = (np.asarray(Image.open(tmp_path / k / place), int) for k in ("out", "whole"))
        assert np.abs(one - other).max() <= 1
