"""The training loop: it learns, and a run that was cut short ends as an uncut one."""

import json

import pytest
import torch
from torch import nn

from yuragi.errors import InputError
from yuragi.research.train.config import Fit, read_recipe
from yuragi.research.train.loop import fit, load_averaged, read_checkpoint, write_checkpoint
from yuragi.research.train.pace import ByClock

TARGET = torch.tensor([[1.0, -2.0, 0.5]])


def config(steps, **changes):
    values = {"batch": 8, "learning_rate": 0.05, "warmup": 5, "ema": 0.9, "seed": 1}
    return Fit(**values | {"steps": steps} | changes)


def network():
    torch.manual_seed(0)
    return nn.Linear(3, 1)


def loss_of(net, seen=None):
    def loss(step, rng):
        x = torch.randn(8, 3, generator=rng)
        if seen is not None:
            seen.append((step, x))
        return (net(x) - x @ TARGET.T).square().mean()

    return loss


def test_it_learns(tmp_path):
    net, reports = network(), []
    fit(net, loss_of(net), config(300), tmp_path, reports.append, report_every=100)
    assert torch.allclose(net.weight, TARGET, atol=0.02)
    assert [r.step for r in reports] == [100, 200, 300]
    assert reports[-1].loss < reports[0].loss / 10
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["step"] == 300


class Cut(Exception):
    """The run is killed."""


def test_a_resumed_run_equals_an_uncut_one(tmp_path):
    whole = network()
    fit(whole, loss_of(whole), config(40), tmp_path / "whole", lambda report: None)

    def killed(report):
        if report.step == 25:
            raise Cut

    cut, seen = network(), []
    folder = tmp_path / "cut"
    with pytest.raises(Cut):
        fit(cut, loss_of(cut), config(40), folder, killed, report_every=5, save_every_seconds=0.0)
    cut = network()
    fit(cut, loss_of(cut, seen), config(40), folder, lambda report: None)
    assert seen[0][0] > 0
    torch.testing.assert_close(cut.weight, whole.weight, rtol=0, atol=1e-6)
    fresh = network()
    assert load_averaged(fresh, folder) == 40
    assert torch.equal(fresh.weight, cut.weight)


@pytest.mark.parametrize("other", [nn.Linear(3, 2), nn.Sequential(nn.Linear(3, 1))])
def test_the_run_of_another_network_is_refused_and_kept(tmp_path, other):
    net = network()
    fit(net, loss_of(net), config(5), tmp_path, lambda report: None)
    kept = (tmp_path / "checkpoint.safetensors").read_bytes()
    with pytest.raises(InputError, match="runs: its checkpoint is of a network that differs"):
        fit(other, loss_of(net), config(10), tmp_path, lambda report: None)
    with pytest.raises(InputError, match="must be a new folder"):
        load_averaged(other, tmp_path)
    assert (tmp_path / "checkpoint.safetensors").read_bytes() == kept


def test_a_finished_run_is_not_trained_again(tmp_path):
    net = network()
    fit(net, loss_of(net), config(10), tmp_path, lambda report: None)
    again, seen = network(), []
    fit(again, loss_of(again, seen), config(10), tmp_path, lambda report: None)
    assert not seen
    assert torch.equal(again.weight, net.weight)


def test_more_steps_go_on(tmp_path):
    net = network()
    fit(net, loss_of(net), config(10), tmp_path, lambda report: None)
    seen = []
    fit(net, loss_of(net, seen), config(14), tmp_path, lambda report: None)
    assert [step for step, _ in seen] == [10, 11, 12, 13]


def test_a_run_by_the_clock_ends_on_time_and_counts_samples(tmp_path):
    net, now, reports = network(), [0.0], []

    def loss(step, rng):
        now[0] += 1.0
        return loss_of(net)(step, rng)

    pace = ByClock(0.05, 0.0, 20.0, 4, lambda: now[0])
    fit(net, loss, config(99), tmp_path, reports.append, pace, report_every=8)
    assert [(r.step, r.done, r.total) for r in reports] == [(32, 8, 20), (64, 16, 20), (80, 20, 20)]
    assert [r.samples for r in reports] == [64, 128, 160]  # a step is a quarter of a batch of 8
    assert read_checkpoint(tmp_path)[1] == {"step": "80", "updates": "20"}
    seen = []
    fit(net, loss_of(net, seen), config(83), tmp_path, lambda report: None)
    assert [step for step, _ in seen] == [80, 81, 82]


def test_a_checkpoint_without_moments_begins_them_gently(tmp_path):
    net = network()
    fit(net, loss_of(net), config(40, warmup=30), tmp_path, lambda report: None)
    held, counts = read_checkpoint(tmp_path)
    kept = {name: value for name, value in held.items() if not name.startswith("exp_avg")}
    write_checkpoint(tmp_path, kept, {"step": counts["step"]})
    before = held["network.weight"]
    fit(net, loss_of(net), config(41, warmup=30), tmp_path, lambda report: None)
    after, counts = read_checkpoint(tmp_path)
    assert counts == {"step": "41", "updates": "1"}
    # Adam's first update is the rate itself, here a thirtieth of a rate that has nearly fallen.
    assert (after["network.weight"] - before).abs().max() < 0.05 / 30


def test_the_average_is_the_definition(tmp_path):
    net, weights = network(), []

    def loss(step, rng):
        weights.append(net.weight.detach().clone())
        return loss_of(net)(step, rng)

    start = net.weight.detach().clone()
    fit(net, loss, config(12), tmp_path, lambda report: None)
    expected = start
    seen = [*weights[1:], read_checkpoint(tmp_path)[0]["network.weight"]]
    for step, value in enumerate(seen, 1):
        decay = min(0.9, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
    torch.testing.assert_close(net.weight.detach(), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("x = ", "valid TOML"),
        ("[data]\nsize = 64\ntrain = 5", "data.validation"),
        ("[data]\nsize = 64\ntrain = -5\nvalidation = 1", "data.train"),
        ("[data]\nsize = 64\ntrain = 5\nvalidation = 1\ncolour = 3", "data.colour"),
    ],
)
def test_bad_recipes_are_named(tmp_path, text, named):
    path = tmp_path / "recipe.toml"
    path.write_text(text)
    with pytest.raises(InputError, match=named):
        read_recipe(path)
    with pytest.raises(InputError, match="config"):
        read_recipe(tmp_path / "none.toml")
