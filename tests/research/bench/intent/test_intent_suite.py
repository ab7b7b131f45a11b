"""Drags of every kind have a truth and damaged results, and the suite counts what is ranked."""

import json

import numpy as np
import pytest
import torch

from yuragi.images.tensors import to_tensor
from yuragi.research.bench.intent import suite
from yuragi.research.bench.intent.drags import KINDS, drag
from yuragi.research.bench.intent.variants import VARIANTS, ours

pytestmark = pytest.mark.usefixtures("packages")

SIDE = 96


@pytest.fixture(scope="module")
def found(packages):
    return [drag("benchmark", k, SIDE) for k in range(len(KINDS))]


def test_kinds_take_turns_and_drags_are_the_same_again(found):
    assert [one.kind for one in found] == list(KINDS)
    again = drag("benchmark", 2, SIDE)
    assert np.array_equal(again.truth, found[2].truth)
    assert again.points == found[2].points


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_a_drag_is_what_a_user_asks_for(found, kind):
    one = found[kind]
    request, _ = one.request(0)
    assert len(request.points) + len(request.regions) >= 1
    assert bool(one.change.any())
    assert len(one.asked.targets) >= 1
    assert ours(one).shape == to_tensor(one.before).shape


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_damaged_results_are_what_they_say(found, kind):
    one = found[kind]
    before, truth = to_tensor(one.before), to_tensor(one.truth)
    made = {name: make(one) for name, make in VARIANTS.items()}
    assert torch.equal(made["nothing"], before)
    assert torch.allclose(made["ghost"], (before + truth) / 2)
    if made["copy"] is not None:
        target = torch.from_numpy(one.target)
        assert torch.equal(made["copy"][..., target], truth[..., target])
        assert torch.equal(made["copy"][..., ~target], before[..., ~target])
    for name in ("boxes", "boxes, blocks", "blocks"):
        assert not torch.equal(made[name], before)
        assert not torch.equal(made[name], truth)
    if one.kind == "portrait over even ground":
        assert made["torn"] is None  # a cut is right there


def test_the_suite_counts():
    seen = []
    report = suite.bench_intent(7, SIDE, "benchmark", lambda *at: seen.append(at))
    assert seen[-1] == (7, 7)
    rows = report["truth_above"]
    assert set(rows) == {*VARIANTS, "ours"}
    assert rows["nothing"]["n"] == rows["ghost"]["n"] == 7
    assert all(row["low"] <= row["share"] <= row["high"] for row in rows.values())
    assert rows["nothing"]["share"] > 0.5
    assert set(rows["ghost"]["by_kind"]) == set(KINDS)
    json.dumps(report)
