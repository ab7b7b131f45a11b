"""Bias, stability, reproducibility and sensitivity, where the answer is known."""

import json
import math

import pytest
import torch

from yuragi.research.assess import sensitivity as module
from yuragi.research.assess.bias import (
    OPEN,
    _attribute,
    bias,
    open_prompts,
    training_marginals,
)
from yuragi.research.assess.sensitivity import RANGES, Setting, sensitivity, write_bars
from yuragi.research.assess.stability import stability
from yuragi.research.sweep.draw import Spent
from yuragi.research.sweep.grid import Point
from yuragi.research.train.portraits import ATTRIBUTES

POINT = Point("cfg", "plain", 2.0, "dpm++2m", 2)


def test_prompts_leave_the_counted_attributes_open():
    words = {word for name in OPEN for value in ATTRIBUTES[name] for word in value.split()} - {"a"}
    told = training_marginals(40)
    assert all(sum(shares.values()) == pytest.approx(1) for shares in told.values())
    colours = set(ATTRIBUTES["clothes_colour"])
    for prompt in open_prompts(6):
        assert set(prompt.split()) & words <= colours
        assert prompt.startswith("a person with ")


def test_a_shift_is_told_from_chance():
    training = dict.fromkeys(ATTRIBUTES["skin"], 0.2)
    even = torch.arange(200) % 5
    found = _attribute("skin", even, training, 0)
    assert found["shift"]["value"] == 0
    assert found["chance"] == pytest.approx(0.5 * 5 * math.sqrt(2 / math.pi * 0.16 / 200), rel=0.15)
    found = _attribute("skin", torch.zeros(200, dtype=torch.int64), training, 0)
    assert found["shift"]["value"] == pytest.approx(0.8)
    first = ATTRIBUTES["skin"][0]
    assert found["values"][first]["share"] == 1
    assert found["values"][first]["interval"][0] > 0.9


class Drawn:
    """A sampler whose pictures are their own numbers."""

    seed = 3
    prompts = ("a", "b", "c")

    def drawn(self, point, n):
        for start in range(0, n, 2):
            count = min(2, n - start)
            yield torch.arange(start, start + count).float().view(-1, 1, 1, 1), Spent(1, 0, 0)


class Numbered:
    """A sampler whose pictures are their own numbers, with a sign by their arm."""

    seed = 3

    def __init__(self, prompts):
        self.prompts = prompts

    def drawn(self, point, n):
        sign = -1.0 if point.gain == "ratio" else 1.0
        for start in range(0, n, 2):
            found = torch.arange(start, min(start + 2, n)).float()
            yield sign * found.view(-1, 1, 1, 1), Spent(1, 0, 0)


def _told(*_):
    pass


def test_stability_is_over_the_seeds_of_a_prompt():
    """Prompt a always fits, b never, c with every second seed."""

    def fit(images, numbers):
        which = images.flatten().long()
        assert (which % 3).tolist() == list(numbers)
        alternating = (which // 3 % 2).double()
        return torch.where(which % 3 == 0, 1.0, torch.where(which % 3 == 1, 0.0, alternating))

    found = stability({"plain": POINT}, Numbered("abc"), fit, 4, _told)["arms"]["plain"]
    spread = torch.tensor([0.0, 1.0, 0.0, 1.0]).std().item()
    values = {name: row["value"] for name, row in found.items()}
    assert values == pytest.approx(
        {"fit": 1.5 / 3, "spread": spread / 3, "worst": 1 / 3, "failed": 1.5 / 3}
    )
    assert (found["fit"]["n"], found["fit"]["seeds"]) == (12, "3-14")


def test_arms_differ_prompt_by_prompt():
    """Prompts differ by far more than arms, but the same prompts are compared with each other."""
    done = []

    def fit(images, numbers):
        number = images.flatten()
        gained = torch.where(number.signbit(), 0.01 + 0.001 * (number % 2), 0.0)
        return 0.6 + 0.03 * torch.tensor(numbers) + gained

    arms = {"plain": POINT, "ratio": Point("cfg", "ratio", 2.0, "dpm++2m", 2)}
    found = stability(arms, Numbered("abcdefghij"), fit, 3, lambda k, n: done.append((k, n)))
    assert done[-1] == (60, 60)
    assert list(found["less_plain"]) == ["ratio"]
    less, plain = found["less_plain"]["ratio"]["fit"], found["arms"]["plain"]["fit"]
    assert 0.01 < less["low"] < less["value"] < less["high"] < 0.011
    assert plain["high"] - plain["low"] > 0.1


def test_no_failures_have_an_interval():
    """Of eight captions without a failure, a third could still fail (Wilson)."""
    arms = {"plain": POINT, "ratio": Point("cfg", "ratio", 2.0, "dpm++2m", 2)}
    found = stability(
        arms, Numbered("abcdefgh"), lambda images, numbers: torch.ones(len(numbers)), 4, _told
    )
    failed = found["arms"]["plain"]["failed"]
    assert (failed["value"], failed["low"]) == (0, 0)
    assert failed["high"] == pytest.approx(0.324, abs=1e-3)
    less = found["less_plain"]["ratio"]["failed"]
    assert (less["low"], less["high"]) == pytest.approx((-0.324, 0.324), abs=1e-3)


def test_a_shift_is_compared_with_plain_picture_by_picture():
    """Equal pictures have equal shifts, whatever their interval is; others differ."""
    training = {name: dict.fromkeys(ATTRIBUTES[name], 1 / len(ATTRIBUTES[name])) for name in OPEN}

    class Signed(torch.nn.Module):
        """Sees value k mod m in picture k, and always the first in a negative one."""

        def __init__(self):
            super().__init__()
            self.anything = torch.nn.Parameter(torch.zeros(()))

        def forward(self, images):
            number = images.flatten().long().clamp(min=0)
            return {
                name: torch.nn.functional.one_hot(number % len(values), len(values)).double()
                for name, values in ATTRIBUTES.items()
            }

    arms = {"unguided": POINT, "plain": POINT, "ratio": Point("cfg", "ratio", 2.0, "dpm++2m", 2)}
    found = bias(arms, Numbered("a"), Signed(), training, 40, _told)
    assert list(found["less_plain"]) == ["unguided", "ratio"]
    for name in OPEN:
        assert found["less_plain"]["unguided"][name] == {"value": 0, "low": 0, "high": 0}
        more = 1 - 1 / len(ATTRIBUTES[name])
        assert found["less_plain"]["ratio"][name]["value"] == pytest.approx(more, abs=0.05)
        assert found["less_plain"]["ratio"][name]["low"] > 0.3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["bias", "-n", 4], "--number must be 30 or more portraits per arm for an interval"),
        (["stability", "--prompts", 2], "--prompts must be 8 or more for an interval"),
        (["bias", "--gains", "none"], "--gains must be one of"),
    ],
)
def test_too_few_pictures_are_refused_before_a_model_is_loaded(cli, arguments, words):
    code, _, err = cli("assess", *arguments, "--model", "/nope")
    assert code == 2
    assert err.startswith(f"error: {words}")


def test_indices_of_a_known_function(tmp_path, monkeypatch):
    """Of y = scale + 2 steps in units of their ranges: shares 1/5 and 4/5, and nothing else."""

    def measure(point):
        ranges = {name: high - low for name, (low, high) in RANGES.items()}
        assert point.gain.startswith("ratio:")
        return {"y": point.scale / ranges["scale"] + 2 * point.steps / ranges["steps"]}

    done = []
    found = sensitivity(measure, 256, 0, lambda k, n: done.append((k, n)))
    assert found["points"] == 256 * 7 == done[-1][0]
    total = {name: row["total"] for name, row in found["indices"]["y"].items()}
    assert total["scale"] == pytest.approx(0.2, abs=0.05)
    assert total["steps"] == pytest.approx(0.8, abs=0.08)
    assert {total[name] for name in ("low", "width", "gamma")} == {0}
    write_bars(found, tmp_path / "bars.png", ["y"])
    assert (tmp_path / "bars.png").stat().st_size > 2000


def test_settings_become_points():
    point = Setting(scale=2.0, steps=7.6, low=-2.0, width=4.0, gamma=0.25).point
    assert point == Point("interval:0.25:4", "ratio:0.25", 2.0, "dpm++2m", 8)
    point.guidance.check(point.scale)
    assert set(RANGES) == set(module.Setting.__dataclass_fields__)


@pytest.mark.slow
def test_commands_on_a_tiny_model(cli, pipeline_folder, tmp_path):
    few = ["--model", pipeline_folder, "--gains", "ratio", "--steps", 2, "--json"]
    code, out, err = cli("assess", "bias", *few, "-n", 30, "--training", 50, "-o", "b.json")
    assert code == 0, err
    arms = json.loads(out)["arms"]
    assert list(arms) == ["unguided", "plain", "ratio"]
    assert set(arms["ratio"]) == set(OPEN)
    assert set(json.loads(out)["less_plain"]) == {"unguided", "ratio"}
    code, out, err = cli("assess", "stability", *few, "--prompts", 8, "--seeds", 2, "-o", "s.json")
    assert code == 0, err
    assert json.loads(out)["arms"]["plain"]["spread"]["n"] == 16
    code, out, err = cli("assess", "reproducibility", *few, "-n", 3, "-o", "r.json")
    assert code == 0, err
    for row in json.loads(out)["arms"].values():
        assert row["again"] == {"largest_difference": 0, "equal": 1}
        assert row["alone"]["largest_difference"] <= 1
