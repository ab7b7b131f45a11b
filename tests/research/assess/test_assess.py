"""Bias, stability, reproducibility and sensitivity, where the answer is known."""

import json
import math

import pytest
import torch

from yuragi.research.assess import sensitivity as module
from yuragi.research.assess.bias import (
    OPEN,
    _attribute,
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


def test_stability_is_over_the_seeds_of_a_prompt():
    """Prompt a always fits, b never, c with every second seed."""

    def fit(images, numbers):
        which = images.flatten().long()
        assert (which % 3).tolist() == list(numbers)
        alternating = (which // 3 % 2).double()
        return torch.where(which % 3 == 0, 1.0, torch.where(which % 3 == 1, 0.0, alternating))

    found = stability(POINT, Drawn(), fit, 4, lambda done, total: None)
    spread = torch.tensor([0.0, 1.0, 0.0, 1.0]).std().item()
    values = {name: row["value"] for name, row in found.items()}
    assert values == pytest.approx(
        {"fit": 1.5 / 3, "spread": spread / 3, "worst": 1 / 3, "failed": 1.5 / 3}
    )
    assert (found["fit"]["n"], found["fit"]["seeds"]) == (12, "3-14")


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
    few = ["--model", pipeline_folder, "--gains", "plain,ratio", "--steps", 2, "--json"]
    code, out, err = cli("assess", "bias", *few, "-n", 6, "--training", 50, "-o", "b.json")
    assert code == 0, err
    arms = json.loads(out)["arms"]
    assert list(arms) == ["unguided", "plain", "ratio"]
    assert set(arms["ratio"]) == set(OPEN)
    code, out, err = cli("assess", "stability", *few, "--prompts", 3, "--seeds", 2, "-o", "s.json")
    assert code == 0, err
    assert json.loads(out)["arms"]["plain"]["spread"]["n"] == 6
    code, out, err = cli("assess", "reproducibility", *few, "-n", 3, "-o", "r.json")
    assert code == 0, err
    for row in json.loads(out)["arms"].values():
        assert row["again"] == {"largest_difference": 0, "equal": 1}
        assert row["alone"]["largest_difference"] <= 1
    assert cli("assess", "bias", "--gains", "none")[0] == 2
