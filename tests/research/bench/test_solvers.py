"""Solvers come nearer to the limit with more steps, and inversions return nearer to the start."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from yuragi.core import FlowSchedule
from yuragi.errors import InputError
from yuragi.research.bench import solvers
from yuragi.research.train.portraits import portrait


def drawn(split, n, data, size):
    """Smooth pictures of even colour, with captions of portraits; nothing is drawn or cached."""
    grey = np.linspace(40, 200, n * size * size * 3).reshape(n, size, size, 3)
    return grey.astype(np.uint8), [portrait(split, k).labels for k in range(n)]


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(solvers, "cached", drawn)
    monkeypatch.setattr(solvers, "STEPS", (4, 16))
    monkeypatch.setattr(solvers, "LIMIT", 64)
    monkeypatch.setattr(solvers, "TRIPS", ((4, 0.5), (20, 0.5)))


def test_more_steps_come_nearer(pipeline_folder, short, tmp_path):
    done = []
    report = solvers.bench_solvers(
        str(pipeline_folder), tmp_path, 3, 0, torch.device("cpu"), lambda *at: done.append(at)
    )
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert done == [(3, 3)]
    assert set(report["distance"]) == {"dpm++2m", "diffusers, midpoint", "diffusers, heun", "ddim"}
    for found in report["distance"].values():
        assert found["16"]["value"] < found["4"]["value"]
    for found in report["round_trip"].values():
        assert found["20, 0.5"]["value"] < found["4, 0.5"]["value"]
    nearer = (
        report["distance"]["dpm++2m"]["16"]["value"] - report["distance"]["ddim"]["16"]["value"]
    )
    assert report["minus"]["ddim"]["16"]["value"] == pytest.approx(nearer)


def test_noise_levels_without_a_table_are_refused(monkeypatch, tmp_path):
    other = SimpleNamespace(denoiser=SimpleNamespace(schedule=FlowSchedule()))
    monkeypatch.setattr(solvers, "opened", lambda *_: (SimpleNamespace(loaded=other), None))
    with pytest.raises(InputError, match="table of DDPM"):
        solvers.bench_solvers("flow", tmp_path, 2, 0, torch.device("cpu"), lambda *_: None)
