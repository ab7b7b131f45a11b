"""Sweeps end to end on tiny random models: presets, resuming, and what the report says."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
import torch
from tiny_pipelines import build
from torch import nn

from yuragi.errors import InputError
from yuragi.models.edm import wrap_edm
from yuragi.models.load import wrap_pipeline
from yuragi.research.bench.report import Origin
from yuragi.research.metrics.backends import Backend, Encoded
from yuragi.research.metrics.levels import digests_of
from yuragi.research.metrics.moments import Statistics
from yuragi.research.sweep.draw import Sampler, Spent
from yuragi.research.sweep.grid import Draws, Point, gain_named, grid, rule_named
from yuragi.research.sweep.looked import Looked, looked_at
from yuragi.research.sweep.parts import Parts
from yuragi.research.sweep.presets import PRESETS
from yuragi.research.sweep.prompts import prompts_for
from yuragi.research.sweep.real import Judge, Real, RealStatistics
from yuragi.research.sweep.report import compare, sweep_report
from yuragi.research.sweep.rows import Rows
from yuragi.research.sweep.run import check_points, run_sweep
from yuragi.tasks.guidance.gains import TABLE


def seen(images):
    """Colours of the quarters, and as many logits."""
    small = nn.functional.adaptive_avg_pool2d(images, 2).flatten(1)
    return Encoded(small, small)


COLOURS = Backend("colours", "FD", seen, "weights")
PICTURES = torch.rand(20, 3, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def real():
    return Real.of(COLOURS, [PICTURES])


@pytest.fixture(scope="module")
def dit():
    return wrap_pipeline(build("dit"))


def sampler(model, weak=None):
    return Sampler(model, weak, ["0", "1", "2"], seed=5, batch=7)


STEPS = {"plain": [2, 4], "reg": [2], "ratio": [2]}
GAINS = ("plain", "reg", "ratio")
FEW = grid(["cfg", "linear"], GAINS, [1, 2], ["dpm++2m"], STEPS)


def test_a_grid_has_every_combination_once():
    assert len(FEW) == 2 + 2 * (2 + 1 + 1)
    assert {point.gain for point in FEW if point.scale == 1} == {"plain"}
    assert FEW[0] == Point("cfg", "plain", 1, "dpm++2m", 2)
    assert [point.scale for point in FEW] == sorted(point.scale for point in FEW)


@pytest.mark.parametrize("wrong", ["none", "cfg:2", "linear:x", "interval:3:1"])
def test_a_rule_that_does_not_exist(wrong):
    with pytest.raises(InputError):
        grid([wrong], ["plain"], [2], ["ddim"], {"plain": [2]})


def test_rules_and_gains_by_name():
    assert rule_named("interval:0.28:2.9") == {"name": "interval", "interval": "0.28:2.9"}
    assert rule_named("cosine:2") == {"name": "cosine", "power": 2}
    assert gain_named("ratio:0.25") == {"name": "ratio", "gamma": 0.25}
    assert gain_named("reg/4") == {"name": "reg", "refresh": 4}
    assert gain_named("ratio:auto/8") == {"name": "ratio", "gamma": "auto", "refresh": 8}
    with pytest.raises(InputError, match="gamma"):
        gain_named("reg:0.25")
    for wrong in ("plain/2", "ratio/0", "ratio/1.5", "ratio/often"):
        with pytest.raises(InputError):
            _ = Point("cfg", wrong, 2.0, "ddim", 2).guidance


def test_a_point_is_known_by_the_table_that_its_gain_reads(tmp_path):
    draws = Draws("weights", "", 12, 0, "prompts", "real", "efflite0", "features", "", 10)
    scheduled, plain = (Point("cfg", gain, 2.0, "ddim", 2) for gain in ("scheduled", "plain"))
    keys = []
    for factor in (1.0, 2.0):
        (tmp_path / TABLE).write_text(f"[[0.1, 1.0], [1.0, {factor}]]")
        keys.append((scheduled.key(draws, tmp_path), plain.key(draws, tmp_path)))
    assert keys[0][0] != keys[1][0]
    assert keys[0][1] == keys[1][1] == plain.key(draws, None)


def test_a_killed_sweep_goes_on(dit, real, tmp_path):
    rows = Rows(tmp_path / "rows.jsonl")
    whole = run_sweep(FEW, sampler(dit), real, 14, rows, lambda done, total: None, draws=10)
    text = rows.path.read_text()
    lines = text.splitlines()
    assert len(lines) == len(FEW) == len(whole)
    # What a killed process leaves: some rows, and a part of the next one.
    rows.path.write_text("\n".join(lines[:4]) + "\n" + lines[4][:50])
    done = []
    again = run_sweep(FEW, sampler(dit), real, 14, rows, lambda k, n: done.append((k, n)), draws=10)
    assert done[0] == (14 * 4, 14 * len(FEW))
    assert done[-1] == (14 * len(FEW), 14 * len(FEW))
    assert len(list(rows)) == len(FEW)
    for one, two in zip(whole, again, strict=True):
        assert one["key"] == two["key"]
        assert one["values"] == pytest.approx(two["values"], nan_ok=True)
    # Another seed or number of pictures is another point.
    run_sweep(FEW[:1], sampler(dit), real, 12, rows, lambda done, total: None, draws=10)
    assert len(list(rows)) == len(FEW) + 1


class Stop(Exception):
    """What ends a sweep in a test."""


@dataclass(frozen=True)
class Counting(Sampler):
    """Writes down the pictures that it draws."""

    drawn_numbers: list[int] = field(default_factory=list)

    def draw(self, point, numbers):
        self.drawn_numbers.extend(numbers)
        return super().draw(point, numbers)


def test_a_sweep_killed_within_a_point_draws_only_the_rest(dit, real, tmp_path):
    judged = replace(real, right=Judge(lambda images, _: images.mean((1, 2, 3)), "mean"))
    given = [judged, 17, Rows(tmp_path / "killed"), lambda *_: None, 10]
    whole = run_sweep(FEW[:1], sampler(dit), judged, 17, Rows(tmp_path / "whole"), *given[3:])

    def stop(done, total):
        if done == 14:
            raise Stop

    first, second = (Counting(dit, None, ["0", "1", "2"], seed=5, batch=7) for _ in range(2))
    with pytest.raises(Stop):
        run_sweep(FEW[:1], first, judged, 17, given[2], stop, 10)
    assert first.drawn_numbers == list(range(14))
    assert not list(given[2])
    again = run_sweep(FEW[:1], second, *given)
    assert second.drawn_numbers == [14, 15, 16]
    for name in ("key", "values", "halves", "evaluations", "cost", "sizes"):
        assert again[0][name] == whole[0][name]


def test_a_sweep_with_more_pictures_draws_only_the_new_ones(dit, real, tmp_path):
    """The kept batches are used as far as their pictures have the same prompts."""
    more = Real.of(COLOURS, [PICTURES, PICTURES.flip(0)])
    rows, whole = Rows(tmp_path / "grown"), Rows(tmp_path / "whole")
    few, many, others = (Counting(dit, None, words, seed=5, batch=7) for words in
                         (["0", "1", "2"], ["0", "1", "2"], ["0"] * 7 + ["1"] * 7))  # fmt: skip
    run_sweep(FEW[:1], few, real, 14, rows, lambda *_: None, 10)
    (grown,) = run_sweep(FEW[:1], many, more, 24, rows, lambda *_: None, 12)
    assert many.drawn_numbers == list(range(14, 24))
    (wanted,) = run_sweep(FEW[:1], sampler(dit), more, 24, whole, lambda *_: None, 12)
    for name in ("key", "values", "halves", "evaluations", "cost", "sizes"):
        assert grown[name] == wanted[name]
    assert len(list(rows)) == 2
    run_sweep(FEW[:1], others, real, 14, rows, lambda *_: None, 10)
    assert others.drawn_numbers == list(range(14))


def test_values_at_the_ends_of_their_range_are_counted(dit, real):
    class Ends(Sampler):
        """Draws pictures that have a quarter of their values beyond an end."""

        def draw(self, point, numbers):
            images = torch.tensor([0.0, 0.5, -0.99, -1.5]).repeat(len(numbers), 3, 8, 2)
            return images, Spent(1.0, 0.0, 0.0)

    looked = looked_at(FEW[0], Ends(dit, None, ["0"], seed=5, batch=7), real, 9)
    assert looked.clipped.tolist() == [0.25] * 9


def test_a_point_tells_all_that_made_its_parts(tmp_path):
    made = Looked(
        Encoded(torch.ones(2, 3)),
        torch.zeros(2).double(),
        torch.ones(2).double(),
        [Spent(4.0, 1.0, 0.5)] * 2,
    )
    origins = [Origin("first", "a cpu"), Origin("second", "a cpu")]
    before, now = (Parts(tmp_path / "point", origin) for origin in origins)
    before.keep("0-1", lambda: made)
    kept = now.keep("0-1", lambda: pytest.fail("it is made again"))
    assert torch.equal(kept.seen.features, made.seen.features)
    assert (kept.seen.logits, list(kept.spent)) == (None, list(made.spent))
    assert now.made_by == {"commit": "first, second", "device": "a cpu"}


def test_two_processes_share_a_sweep(dit, real, tmp_path, monkeypatch):
    """A point that another process works on is left to it, and measured if it is given up."""
    monkeypatch.setattr("yuragi.research.sweep.run.WAIT", 0.05)
    rows = Rows(tmp_path / "rows")
    once = Rows(tmp_path / "once")
    run_sweep(FEW[:2], sampler(dit), real, 12, once, lambda *_: None, 10)
    keys = list(once.by_key())
    with ThreadPoolExecutor(1) as other:
        with rows.claimed(keys[0]) as free:
            assert free
            with rows.claimed(keys[0]) as again:
                assert not again
            sweep = other.submit(
                run_sweep, FEW[:2], sampler(dit), real, 12, rows, lambda *_: None, 10
            )
            while keys[1] not in rows.by_key():
                assert not sweep.done()
                time.sleep(0.01)
            assert keys[0] not in rows.by_key()
        assert [row["key"] for row in sweep.result(60)] == keys
    assert [row["key"] for row in rows] == keys[::-1]


def test_rows_written_at_the_same_time_stay_whole(tmp_path):
    rows = Rows(tmp_path / "rows")
    long = "x" * 100_000
    with ThreadPoolExecutor(8) as writers:
        list(writers.map(lambda k: rows.add({"key": str(k), "long": long}), range(40)))
    assert set(rows.by_key()) == {str(k) for k in range(40)}
    assert all(row["long"] == long for row in rows)


def test_a_row_is_known_by_all_that_decides_it(dit, real, tmp_path):
    """Only what has no effect, such as a prompt that no picture gets, leaves a row as it is."""
    rows, ours = Rows(tmp_path / "r"), sampler(dit)

    def added(sampler=ours, real=real, draws=10):
        before = len(list(rows))
        run_sweep(FEW[:1], sampler, real, 12, rows, lambda *_: None, draws)
        return len(list(rows)) - before

    def right(images, prompts):
        return torch.ones(len(images))

    judges = [replace(real, right=Judge(right, weights)) for weights in ("one", "two")]
    assert added() == 1
    assert added() == 0
    assert added(replace(ours, prompts=["0", "1", "3"])) == 1
    assert added(replace(ours, prompts=[*"012012012012", "7"])) == 0
    assert added(real=replace(real, backend=replace(COLOURS, weights="others"))) == 1
    assert [added(real=judge) for judge in judges] == [1, 1]
    assert added(draws=12) == 1
    found = rows.by_key().values()
    assert len(found) == 6
    names = {name for row in found for name, value in row["draws"].items()
             if value != next(iter(found))["draws"][name]}  # fmt: skip
    assert names == {"prompts", "backend_weights", "judge", "halves"}


def test_costs_are_counted(dit, real, tmp_path):
    found = run_sweep(FEW, sampler(dit), real, 14, Rows(tmp_path / "r"), lambda *_: None, draws=10)
    by_arm = {(row["arm"], row["point"]["scale"]): row for row in found}
    off = by_arm["cfg (dpm++2m x2)", 1]
    plain, reg = by_arm["cfg (dpm++2m x2)", 2], by_arm["cfg + reg (dpm++2m x2)", 2]
    assert (off["evaluations"], plain["evaluations"]) == (2, 4)
    assert (reg["evaluations"], reg["reverse"], reg["cost"]) == (4, 2, 8)
    assert by_arm["cfg + ratio (dpm++2m x2)", 2]["cost"] == 8
    report = json.loads(json.dumps(sweep_report(found)))
    gain = next(g for g in report["gains"] if (g["rule"], g["gain"]) == ("cfg", "reg"))
    (beside,) = gain["scales"]
    assert beside["rival_cost"] == 8  # plain guidance on twice the steps
    pairs = {f"{rule} + {name}" for rule in ("cfg", "linear") for name in GAINS}
    assert set(report["areas"]) == {"corner", *(f"{pair} (dpm++2m, trailing)" for pair in pairs)}
    figure = report["points"][0]["figures"]["FD"]
    assert (figure["n"], figure["against"], figure["seeds"]) == (14, 20, "5-18")
    assert report["front"]
    assert report["draws"]["weights"] == dit.weights


@pytest.mark.parametrize(
    ("n", "draws", "words"), [(14, 10, "n 12 and 14, prompts"), (12, 12, "halves 10 and 12")]
)
def test_rows_of_two_sweeps_are_no_sweep(dit, real, tmp_path, n, draws, words):
    rows = Rows(tmp_path / "r")
    for given in ((12, rows, lambda *_: None, 10), (n, rows, lambda *_: None, draws)):
        run_sweep(FEW[:1], sampler(dit), real, *given)
    with pytest.raises(InputError, match=f"^rows must be those of one sweep.*{words}"):
        sweep_report(list(rows))


def test_rows_tell_where_they_were_made(dit, real, tmp_path):
    rows = Rows(tmp_path / "r")
    found = run_sweep(FEW, sampler(dit), real, 12, rows, lambda *_: None, 10)
    assert sweep_report(found)["device"].endswith(" cpu")
    assert found[0]["commit"] == sweep_report(found)["commit"]
    # The same point on another machine has the same key.
    elsewhere = [*found[:-1], {**found[-1], "device": "NVIDIA H200", "commit": "0123456789ab"}]
    report = sweep_report(elsewhere)
    assert report["device"] == f"{found[0]['device']}, NVIDIA H200"
    assert report["commit"] == f"{found[0]['commit']}, 0123456789ab"


def test_only_the_distance_can_be_measured_to_statistics(dit, real, tmp_path):
    """The same distance as to the pictures, and fronts on two axes."""
    whole = Statistics.of(COLOURS, seen(PICTURES).features, digests_of(PICTURES))
    parts = [
        Statistics.of(COLOURS, seen(part).features, digests_of(part))
        for part in PICTURES[torch.randperm(20, generator=torch.Generator().manual_seed(1))].split(
            7
        )
    ]
    known = RealStatistics(COLOURS, whole)
    assert known.digest == RealStatistics(COLOURS, parts[0] + parts[1] + parts[2]).digest
    rows = Rows(tmp_path / "r")
    found = run_sweep(FEW, sampler(dit), known, 14, rows, lambda *_: None, draws=10)
    wanted = run_sweep(FEW, sampler(dit), real, 14, rows, lambda *_: None, draws=10)
    for one, two in zip(found, wanted, strict=True):
        assert set(one["values"]) == {"FD", "clipped"}
        assert one["values"]["FD"] == pytest.approx(two["values"]["FD"], rel=1e-6)
        assert one["halves"]["FD"] == pytest.approx(two["halves"]["FD"], rel=1e-4)
    report = json.loads(json.dumps(sweep_report(found)))
    assert report["against"] == 20
    assert set(report["areas"]["corner"]) == {"FD", "cost"}
    assert all(gain["diversity"] is None and gain["best"] for gain in report["gains"])
    with pytest.raises(InputError, match="^real must be statistics of colours with weights others"):
        RealStatistics(replace(COLOURS, weights="others"), whole)


def test_a_point_differs_from_itself_by_nothing(dit, real, tmp_path):
    (row,) = run_sweep(FEW[:1], sampler(dit), real, 14, Rows(tmp_path / "r"), lambda *_: None, 10)
    assert all(found == {"value": 0, "low": 0, "high": 0} for found in compare(row, row).values())


def test_autoguidance_wants_a_weaker_model(dit, real):
    points = grid(["auto"], ["plain"], [2], ["ddim"], {"plain": [2]})
    with pytest.raises(InputError, match="weak_model"):
        check_points(points, sampler(dit))
    check_points(points, sampler(dit, dit))


def test_preset_of_the_paper_for_dit(dit, real, tmp_path):
    """All its rules and gains with its solver and grid, on few steps."""
    preset = PRESETS["reg-dit"]
    points = grid(
        preset.rules_for(weaker=False), preset.gains, [1, 1.5], [preset.solver],
        {"plain": [4]}, preset.spacing,
    )  # fmt: skip
    found = run_sweep(points, sampler(dit), real, 12, Rows(tmp_path / "r"), lambda *_: None, 10)
    assert len(found) == 1 + 6 * 3
    assert all(np.isfinite(row["values"]["FD"]) for row in found)


class TinyEDM(nn.Module):
    """The form of the authors' networks: `network(y, sigma, one-hot labels)`, and no labels."""

    img_resolution, img_channels, label_dim = 8, 3, 3

    def __init__(self, strength):
        super().__init__()
        self.mixing = nn.Parameter(torch.eye(3) * strength)
        self.colour = nn.Parameter(torch.eye(3))

    def forward(self, y, sigma, labels=None, **ignored):
        sigma = torch.as_tensor(sigma).reshape(-1, 1, 1, 1)
        mean = 0 if labels is None else (labels.float() @ self.colour)[:, :, None, None] / 2
        mixed = torch.einsum("ij,bjhw->bihw", self.mixing, y)
        return (mixed + sigma**2 * mean) / (1 + sigma**2)


def test_preset_of_the_paper_for_edm2(real, tmp_path):
    """With a weaker model, by Heun's method on EDM's own grid."""
    preset = PRESETS["reg-edm2"]
    strong, weak = wrap_edm(TinyEDM(1.0)), wrap_edm(TinyEDM(0.8))
    points = grid(
        preset.rules_for(weaker=True), preset.gains, [1, 2], [preset.solver],
        {"plain": [4]}, preset.spacing,
    )  # fmt: skip
    rows = Rows(tmp_path / "r")
    found = run_sweep(points, sampler(strong, weak), real, 12, rows, lambda *_: None, 10)
    assert len(found) == 1 + 5 * 3
    by_arm = {row["arm"]: row["values"]["FD"] for row in found}
    assert by_arm["auto (heun x4)"] != by_arm["cfg (heun x4)"]
    assert all(np.isfinite(value) for value in by_arm.values())


@pytest.mark.parametrize("family", ["sd1", "sd3"])
def test_preset_of_the_paper_for_text(family, real, tmp_path):
    """Also of a model with flow, which has no timesteps of a table."""
    model = wrap_pipeline(build(family))
    file = tmp_path / "prompts.txt"
    file.write_text("a red cat\n\na blue dog\n")
    prompts = prompts_for(model, file)
    assert prompts == ["a red cat", "a blue dog"]
    preset = PRESETS["reg-text"]
    scale, rules = preset.scales[-1], preset.rules_for(weaker=False)
    assert rules == ["cfg", "linear", "cosine"]
    points = grid(rules, preset.gains, [scale], [preset.solver], {"plain": [2]}, preset.spacing)
    rows = Rows(tmp_path / "r")
    found = run_sweep(points, Sampler(model, None, prompts, 0), real, 12, rows, lambda *_: None, 10)
    # The other rules do not guide the first step, at which their weight is 0.
    assert [row["evaluations"] for row in found] == [4, 4, 8, 3, 3, 5, 3, 3, 5]


def test_prompts(dit, tmp_path):
    assert prompts_for(dit, None)[:2] == ["0", "1"]
    with pytest.raises(InputError, match="prompts"):
        prompts_for(wrap_pipeline(build("sd1")), None)
    (tmp_path / "none.txt").write_text("\n")
    with pytest.raises(InputError, match="prompts"):
        prompts_for(dit, tmp_path / "none.txt")


def test_a_gain_with_a_number_has_the_steps_of_the_gain_without_it():
    gains = ["plain", "reg", "ratio", "ratio:0.25", "ratio/4", "ratio:0.5/4"]
    steps = {"plain": [8, 16], "ratio": [8], "ratio/4": [4]}
    found = grid(["cfg"], gains, [2], ["ddim"], steps)
    counts = {gain: [point.steps for point in found if point.gain == gain] for gain in gains}
    assert counts == {
        "plain": [8, 16],
        "reg": [8, 16],
        "ratio": [8],
        "ratio:0.25": [8],
        "ratio/4": [4],
        "ratio:0.5/4": [8],
    }
