"""Holes with a known content, the fills that are compared, and what the suite measures of them."""

import json

import numpy as np
import pytest
import torch

from yuragi.research.bench.fill import suite
from yuragi.research.bench.fill.fills import FILLS
from yuragi.research.bench.fill.holes import GROUNDS, KINDS, ground, hole

SIDE = 96
QUICK = sorted(set(FILLS) - {"frequencies, best"})


@pytest.mark.parametrize("index", range(12))
def test_a_hole_lies_within_the_picture_and_shows_in_part(index):
    one = hole("benchmark", index, 256)
    assert 0.01 <= one.share <= 0.13  # the soft edge of a small blob adds up to a third
    assert one.share == one.unknown.mean()
    assert not (one.shown & ~one.unknown).any()
    covered = one.shown.sum() / one.unknown.sum()
    if one.kind == "whole":
        assert covered == 1
    else:
        assert 0.02 < covered < 0.98
    again = hole("benchmark", index, 256)
    assert np.array_equal(again.shown, one.shown)
    assert not np.array_equal(hole("validation", index, 256).unknown, one.unknown)


def test_kinds_take_turns_and_rims_are_thin():
    cases = [hole("benchmark", index, 256) for index in range(30)]
    assert [case.kind for case in cases[:3]] == list(KINDS)
    shown = {
        kind: np.mean([c.shown.sum() / c.unknown.sum() for c in cases if c.kind == kind])
        for kind in KINDS
    }
    assert shown["rim"] < shown["crescent"] < shown["whole"]


def test_even_grounds():
    flat = ground("flat", "benchmark", 3, SIDE)
    assert (flat == flat[0, 0]).all()
    two = ground("two colours", "benchmark", 3, SIDE)
    assert len(np.unique(two.reshape(-1, 3), axis=0)) == 2
    ramp = ground("gradient", "benchmark", 3, SIDE).astype(int)
    assert abs(np.diff(ramp, n=2, axis=0)).max() <= 2
    assert ramp.std() > 1


@pytest.mark.parametrize("name", QUICK)
def test_a_fill_does_not_read_the_hole(name):
    """It sees a picture whose hole is black, or anything else."""
    one, picture = hole("benchmark", 0, SIDE), ground("gradient", "benchmark", 1, SIDE)
    black, white = (np.where(one.unknown[..., None], np.uint8(v), picture) for v in (0, 255))
    made = [FILLS[name].make(each, one.unknown) for each in (black, white)]
    assert made[0].dtype == np.uint8
    assert np.array_equal(made[0][one.unknown], made[1][one.unknown])


@pytest.mark.parametrize("name", ["averages", "Navier-Stokes", "biharmonic", "ours"])
def test_a_flat_ground_closes_exactly(name):
    one, picture = hole("benchmark", 1, SIDE), ground("flat", "benchmark", 1, SIDE)
    made = FILLS[name].make(picture * ~one.unknown[..., None], one.unknown)
    assert np.array_equal(made[one.unknown], picture[one.unknown])


def test_averages_of_averages():
    """A hole of one pixel: the mean of the three others in its block, enlarged."""
    picture = np.full((2, 2, 3), 90, np.uint8)
    picture[0, 0], unknown = 0, np.zeros((2, 2), bool)
    picture[1, 1] = 30
    unknown[0, 0] = True
    assert (FILLS["averages"].make(picture, unknown)[0, 0] == 70).all()


def test_the_report(monkeypatch):
    monkeypatch.setattr(suite, "FILLS", {k: FILLS[k] for k in ("averages", "biharmonic", "ours")})
    seen = []
    found, shown = suite.bench_fill(6, 64, "validation", lambda *at: seen.append(at))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert seen[-1] == (6, 6)
    rows = {row["fill"]: row for row in found["rows"]}
    assert set(rows) == {"averages", "biharmonic", "ours"}
    assert rows["averages"]["minus_averages"]["lpips"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    for metric in ("psnr", "lpips"):
        difference = rows["ours"]["mean"][metric] - rows["averages"]["mean"][metric]
        assert rows["ours"]["minus_averages"][metric]["value"] == pytest.approx(difference)
    assert set(found["by"]["kind"]) == set(KINDS)
    assert set(found["by"]["side"]) == {"64", "128"}
    assert set(found["drawn"]) == set(GROUNDS)
    for row in found["drawn"]["flat"]:
        assert row["mean"]["psnr"] == 60
    worst = found["worst"]
    assert sorted(worst) == list(range(6))
    assert set(shown) == {"truth", "hole", "averages", "biharmonic", "ours"}
    assert all(rows.shape == (12, 3, 64, 64) for rows in shown.values())


def test_only_what_shows_counts():
    case = suite._photographed(3, 64, "validation")[1]
    assert case.hole.kind == "crescent"
    made, _ = suite._made("averages", case)
    hidden = ~case.hole.shown
    assert np.array_equal(made[hidden], case.picture[hidden])

    class Nothing:
        def __call__(self, images, truth, regions):
            assert torch.equal(images, truth)
            return [torch.zeros(1)]

    assert suite._measured(case.picture, case, Nothing())["psnr"] == 60
