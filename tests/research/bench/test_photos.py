"""Photographs come back exactly along a recorded path, and worse by the ODE in few steps."""

import json

import torch

from yuragi.research.bench import photos


def test_rows(pipeline_folder, monkeypatch):
    monkeypatch.setattr(photos, "STEPS", (2, 4))
    seen = []
    report = photos.bench_photos(
        str(pipeline_folder), 64, 0, torch.device("cpu"), lambda done, total: seen.append(done)
    )
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert seen == list(range(1, 6 * 3 * 2 + 1))
    means = {(row["encoder"], row["steps"]): row["mean"] for row in report["rows"]}
    assert set(means) == {(name, steps) for name in photos.ENCODERS for steps in (2, 4)}
    for steps in (2, 4):
        assert means["Cycle-SDE", steps] > 55
        assert means["edit-friendly", steps] > 55
        assert means["ODE inversion", steps] < 55
    assert set(report["codec"]) == {"astronaut", "chelsea", "coffee", "rocket", "china", "flower"}


def test_photographs_are_the_middle_square():
    found = photos.photographs(96)
    assert {picture.size for picture in found.values()} == {(96, 96)}
    assert len({picture.tobytes() for picture in found.values()}) == 6
