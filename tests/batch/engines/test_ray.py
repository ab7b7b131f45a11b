"""Batches on a real Ray cluster of this machine, whose workers are killed by us or by a row."""

import csv
import json
import os
import signal
from contextlib import nullcontext, suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from batch_process import receipts, start, until

pytest.importorskip("ray")

from yuragi.batch.engines.ray import _check_precision
from yuragi.batch.engines.tries import MOST, fatal
from yuragi.batch.run import run_batch
from yuragi.batch.settings import Batch
from yuragi.errors import InputError
from yuragi.models.opening import Opening

ROWS = 40
DEADLY = '''
"""A rule of a policy whose words are the end of the process that reads them."""

import ctypes
import os
import signal

from yuragi.tasks.policy import Rule


class Deadly(Rule):
    folder: str

    def refusal(self, asked):
        word = asked.request.prompt.split()[-1]
        if word in ("red", "blue"):
            with open(os.path.join(self.folder, word), "a") as file:
                file.write(f"{os.getpid()}\\n")
        if word == "red":
            ctypes.string_at(0)  # a segmentation fault
        if word == "blue":
            os.kill(os.getpid(), signal.SIGKILL)  # as the kernel does if memory is short
        return None
'''


@pytest.fixture
def deadly(tmp_path):
    """A package with such a rule, as pip leaves it, and the environment of who uses it."""
    site = tmp_path / "site"
    info = site / "deadly-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "deadly.py").write_text(DEADLY)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: deadly\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[yuragi.policies]\ndeadly = deadly:Deadly\n")
    (tmp_path / "policy.toml").write_text(f'[deadly]\nfolder = "{tmp_path}"\n')
    return {"PYTHONPATH": os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])}


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


@pytest.mark.slow
@pytest.mark.timeout(900)
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


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_rows_that_kill_their_process_are_given_up_and_all_others_are_made(
    manifest, tmp_path, deadly
):
    edit = {"kind": "sdedit", "image": "a.png", "num_inference_steps": 3}
    prompts = ["a person", "a person red", "a person", "a person blue", "a person", "a person"]
    rows = manifest(*[{**edit, "prompt": each, "seed": k} for k, each in enumerate(prompts)])
    out = tmp_path / "out"
    policy = ("--policy", tmp_path / "policy.toml")
    process = start(rows, "-o", out, "-q", "--json", "--engine", "ray", *policy, environment=deadly)
    told, errors = process.communicate(timeout=800)
    assert process.returncode == 1, errors
    done = json.loads(told)
    assert (done["rows"], done["made"], done["failed"]) == (6, 4, 2)
    with open(out / "failures.csv", newline="") as file:
        failures = list(csv.DictReader(file))
    assert [each["row"] for each in failures] == ["2", "4"]
    assert all(each["reason"] == fatal() for each in failures)
    for word in ("red", "blue"):
        pids = (tmp_path / word).read_text().split()
        assert len(pids) == len(set(pids)) <= MOST  # each time another process
    assert len(receipts(out)) == 4


@pytest.mark.parametrize(
    ("here", "gpus", "given", "fits"),
    [
        ("cpu", 0.0, {}, True),
        ("cuda", 0.5, {}, True),
        ("cpu", 1.0, {}, False),
        ("cuda", 0.0, {}, False),
        ("cpu", 1.0, {"dtype": "float16"}, True),
        ("cpu", 1.0, {"device": "cuda"}, True),
    ],
)
def test_workers_must_choose_the_precision_of_this_machine(monkeypatch, here, gpus, given, fits):
    monkeypatch.setattr("yuragi.device.pick_device", lambda: torch.device(here))
    with nullcontext() if fits else pytest.raises(InputError, match=r"dtype: .* must be given"):
        _check_precision(gpus, Opening(**given))
