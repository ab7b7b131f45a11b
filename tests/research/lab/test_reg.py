"""The tables: their keys, that rules are an argument, and that they are JSON."""

import json
import math
from dataclasses import replace

import pytest
import torch
from typer.testing import CliRunner

from yuragi.errors import InputError
from yuragi.research.lab.choice import geomean
from yuragi.research.lab.gauge import gauge, rank_correlation
from yuragi.research.lab.measure import QUICK, SAMPLING, Effort, draw
from yuragi.research.lab.problems import line, named
from yuragi.research.lab.reg import compare_rules
from yuragi.research.lab.rules import RULES
from yuragi.research.metrics.energy import energy_distance
from yuragi.research.metrics.law import ExactDenoiser
from yuragi.research.metrics.path_kl import log_spaced

TINY = Effort(
    levels=4,
    nodes=60,
    plane=20,
    grid=20,
    fields=2,
    classes=4,
    separations=(0.6,),
    samples=50,
    steps=8,
    family=(8,),
)
FEW = {name: RULES[name] for name in ("none", "cfg", "reg", "ratio_0.5", "ratio_1")}


@pytest.fixture(scope="module")
def report():
    parts = []
    tables = compare_rules(FEW, TINY, 0, lambda done, total: parts.append((done, total)))
    assert parts == [(i, 7) for i in range(8)]
    return json.loads(json.dumps(tables))


def test_the_keys(report):
    for weight in ("1", "3"):
        assert list(report["path_kl"][weight]) == list(named)
        for values in report["path_kl"][weight].values():
            assert list(values) == list(FEW)
        assert report["geomean_vs_reg"][weight]["reg"] == pytest.approx(1)
        assert list(report["path_kl_stderr"][weight]) == ["2D-marginal", "2D-autoG"]
    assert set(report["win_ratio"]["1D-ckpt"]["1"]) == set(FEW) - {"cfg"}
    assert len(report["relative_error"]["1D-ckpt"]["1"]["reg"]) == 8
    assert set(report["fields"]) == {"stationary-32x32", "classes-8x8-sep0.6"}
    assert set(report["samples"]["1D-paper"]) == {*FEW, "exact", "ideal"}
    assert set(report["family"]["geomean_vs_reg"]) == {"choose", "report"}
    assert report["family"]["chosen"] in ("ratio_0.5", "ratio_1")


def test_no_guidance_has_a_relative_error_of_one(report):
    for name in named:
        assert report["relative_error"][name]["1"]["none"] == pytest.approx([1.0] * 8)


def test_the_geometric_mean_leaves_out_the_mean_shift(report):
    tables = [values for name, values in report["path_kl"]["3"].items() if name != "1D-mean-shift"]
    logs = [math.log(values["ratio_0.5"] / values["reg"]) for values in tables]
    want = math.exp(sum(logs) / len(logs))
    assert report["geomean_vs_reg"]["3"]["ratio_0.5"] == pytest.approx(want)


def test_the_geometric_mean_leaves_out_where_a_rule_is_exact():
    tables = [{"reg": 2.0, "ratio": 1.0}, {"reg": 3.0, "ratio": 1e-28}]
    assert geomean(tables) == pytest.approx({"reg": 1.0, "ratio": 0.5})


def test_samples_of_an_exact_denoiser_follow_its_law():
    law = line([-1.0, 0.8], 0.3)
    ends = draw(ExactDenoiser(law, SAMPLING), (2000, 1), 100, seed=0)
    one, zero = torch.tensor(1.0), torch.tensor(0.0)
    truth = law.sample(20000, one, zero, torch.Generator().manual_seed(1))
    assert abs(energy_distance(ends, truth)) < 2e-3


def test_the_stress_gauge_ranks_scales_as_the_true_path_kl_does():
    effort = replace(QUICK, samples=128)
    for name in ("1D-sharpen", "1D-ckpt", "1D-marginal", "1D-autoG"):
        found = gauge(named[name], (0.5, 1.0, 3.0), log_spaced(0.01, 20.0, 12), effort, 0)
        assert found["rank"] == pytest.approx(1), name
        assert found["stress"] == sorted(found["stress"])


def test_rank_correlation():
    assert rank_correlation([0.1, 5.0, 7.0], [1.0, 2.0, 90.0]) == pytest.approx(1)
    assert rank_correlation([1.0, 2.0, 3.0], [3.0, 1.0, 2.0]) == pytest.approx(-0.5)


def test_a_rule_to_compare_with_is_missing():
    with pytest.raises(InputError, match="'reg'"):
        compare_rules({name: FEW[name] for name in ("none", "cfg")}, TINY)


def test_halves_of_a_family_hold_the_same_kinds():
    with pytest.raises(InputError, match="family"):
        Effort(family=(6, 8))


def test_the_command(monkeypatch, tmp_path):
    from yuragi.cli import app

    def tables(rules, effort, seed, on_part):
        assert (rules, effort, seed) == (RULES, QUICK, 3)
        return {"path_kl": {"1": {}}, "geomean_vs_reg": {1: {"cfg": 2.5}}}

    monkeypatch.setattr("yuragi.research.lab.reg.compare_rules", tables)
    path = tmp_path / "reg.json"
    result = CliRunner().invoke(app, ["lab", "reg", "--quick", "--seed", "3", "-o", str(path)])
    assert result.exit_code == 0, result.output
    told = ["     w = 1", "cfg    2.5", f"n {QUICK.plane}, seeds 3", str(path)]
    assert result.stdout.splitlines()[-4:] == told
    written = json.loads(path.read_text())
    assert written["benchmark"] == "lab reg"
    assert written["path_kl"] == {"1": {}}
    assert written["seeds"] == [3]
