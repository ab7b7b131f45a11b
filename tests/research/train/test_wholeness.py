"""The network of wholeness learns to rank, from drags that are drawn once."""

import pytest
import torch

from yuragi.research.train import wholeness
from yuragi.research.train.wholeness import FIT, drawn, train_wholeness, write_wholeness


def drags(count):
    """Smooth pictures that move by a roll, and the same with noise in the middle."""
    found = []
    for k in range(count):
        rng = torch.Generator().manual_seed(k)
        coarse = torch.rand((1, 3, 6, 6), generator=rng) * 255
        before = torch.nn.functional.interpolate(coarse, (64, 64), mode="bicubic")[0].clamp(0, 255)
        truth = before.roll(6, 2)
        noisy = truth.clone()
        noisy[:, 24:40, 24:40] = torch.rand((3, 16, 16), generator=rng) * 255
        named = {"before": before, "truth": truth, "noisy": noisy}
        found.append({name: x.byte() for name, x in named.items()})
    return found


def test_what_is_learned_ranks_drags_that_were_not_seen(tmp_path):
    config = FIT.model_copy(update={"steps": 60, "warmup": 5, "ema": 0.9})
    reports = []
    found = drags(30)
    network = train_wholeness(found[:24], config, tmp_path, torch.device("cpu"), reports.append)
    assert reports[-1].step == 60
    with torch.no_grad():
        for each in found[24:]:
            before, truth, noisy = (
                each[name].float()[None] / 127.5 - 1 for name in ("before", "truth", "noisy")
            )
            assert network(before, truth) < network(before, noisy)
    write_wholeness(network, tmp_path / "w.safetensors")
    assert (tmp_path / "w.safetensors").stat().st_size < 450_000


def test_results_equal_to_the_picture_before_teach_nothing_and_break_nothing(tmp_path):
    still = [{**each, "truth": each["before"]} for each in drags(4)]
    config = FIT.model_copy(update={"steps": 3, "warmup": 1})
    network = train_wholeness(still, config, tmp_path, torch.device("cpu"), lambda _: None)
    assert all(bool(p.isfinite().all()) for p in network.parameters())


@pytest.mark.usefixtures("packages")
def test_drags_are_drawn_once(tmp_path, monkeypatch):
    monkeypatch.setattr(wholeness, "PART", 7)
    told = []
    first = drawn(7, tmp_path, lambda *at: told.append(at))
    assert told == [(7, 7)]
    monkeypatch.setattr(wholeness, "drag", None)
    again = drawn(5, tmp_path, lambda *at: None)
    assert len(again) == 5
    for one, other in zip(first, again, strict=False):
        assert one.keys() == other.keys() >= {"before", "truth", "ghost"}
        assert all(torch.equal(one[name], other[name]) for name in one)
        assert one["truth"].shape[0] == 3
        assert max(one["truth"].shape) == 128


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize(("name", "value"), [("SIDE", 96), ("VARIANTS", {}), ("VERSION", 2)])
def test_drags_of_another_kind_are_drawn_again(tmp_path, monkeypatch, name, value):
    monkeypatch.setattr(wholeness, "PART", 1)
    drawn(1, tmp_path, lambda *at: None)
    drawn(1, tmp_path, lambda *at: None)
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr(wholeness, name, value)
    drawn(1, tmp_path, lambda *at: None)
    assert len(list(tmp_path.iterdir())) == 2
