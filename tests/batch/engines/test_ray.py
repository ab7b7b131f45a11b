"""Batches on a real Ray cluster of this machine, with two workers, of which one is killed."""

import csv
import json
import os
import signal
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from batch_process import receipts, start, until

pytest.importorskip("ray")

from yuragi.batch.run import run_batch
from yuragi.batch.settings import Batch
from yuragi.models.opening import Opening

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ROWS = 40


def workers(session):
    """The processes of Ray's workers that do chunks, in a session, and at work."""
    found = set()
    for folder in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            if os.getsid(int(folder.name)) == session:
                name = (folder / "cmdline").read_bytes().split(b"\0")[0]
                if name.startswith(b"ray::MapWorker"):
                    found.add(int(folder.name))
    return found


def test_results_are_those_of_this_process_though_a_worker_is_killed(manifest, tmp_path):
    edit = {"kind": "sdedit", "prompt": "a person", "num_inference_steps": 30}
    rows = manifest(
        *[{**edit, "image": "ab"[k % 2] + ".png", "seed": k} for k in range(ROWS)],
        {**edit, "image": "a.png", "prompt": "blargh glorp", "seed": 1},
    )
    out = tmp_path / "out"
    process = start(rows, "-o", out, "-q", "--json", "--engine", "ray", "--workers", 2)
    until(lambda: receipts(out), process)
    both = workers(process.pid)
    assert len(both) == 2
    before = receipts(out)
    assert len(before) < ROWS - 8  # there is work left for the one that takes its place
    killed = max(both)
    os.kill(killed, signal.SIGKILL)
    told, errors = process.communicate(timeout=800)
    assert process.returncode == 1, errors
    done = json.loads(told)
    assert (done["rows"], done["made"], done["failed"]) == (ROWS + 1, ROWS, 1)
    after = receipts(out)
    assert {name: after[name] for name in before} == before
    assert len(after) == ROWS
    local = run_batch(Batch(manifest=rows, output=str(tmp_path / "here")), Opening(device="cpu"))
    for name in ("results", "failures"):
        assert (out / f"{name}.csv").read_bytes() == (
            tmp_path / "here" / f"{name}.csv"
        ).read_bytes()
    with open(local.results, newline="") as file:
        places = [row["files"] for row in csv.DictReader(file)]
    for place in places:
        one, other = (np.asarray(Image.open(tmp_path / k / place), int) for k in ("out", "here"))
        assert np.abs(one - other).max() <= 1
