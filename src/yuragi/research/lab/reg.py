r"""The comparison of guidance rules with the exact target of joint scaling: all tables in one dict.

A rule builds a denoiser from (strong, weak, weight). On data that is known exactly we measure

    path_kl          nats between the sampler of a rule and the ideal one, by problem and weight
    geomean_vs_reg   geometric mean of path_kl relative to the rule `reg`, over all problems except
                     the mean shift and those where the rule is exact (`ratio` on `1D-sharpen`)
    win_ratio        share of a published grid of (x, t) where a rule is closer than `cfg`
    relative_error   rms error of grad log E_t per noise level; 1 is as bad as no guidance
    fields           path_kl on a 32 x 32 stationary field and on 8 x 8 fields in 8 classes
    samples          energy distance of final samples to the target
    family           geomean_vs_reg on random problems: half to choose gamma, half to report it
    stress           stress of plain guidance by weight, with its path_kl; see `lab.gauge`

Problems on the line are integrated. In more dimensions states are drawn, and path_kl has a standard
error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch

from yuragi.core.mixture import MixtureDenoiser
from yuragi.errors import InputError
from yuragi.research.lab.choice import WEIGHTS, choose, geomean, noise_of
from yuragi.research.lab.gauge import GAUGED, gauge
from yuragi.research.lab.measure import (
    FULL,
    PUBLISHED,
    SAMPLING,
    Effort,
    Rules,
    draw,
    problem_errors,
    rule_errors,
    sampled_levels,
    win_ratios,
)
from yuragi.research.lab.problems import named
from yuragi.research.metrics.classes import ClassTarget, class_mixture
from yuragi.research.metrics.energy import energy_distance
from yuragi.research.metrics.fields import class_field, tilt
from yuragi.research.metrics.joint import JointTarget
from yuragi.research.metrics.law import ExactDenoiser, Law
from yuragi.research.metrics.path_kl import log_spaced

__all__ = ["WEIGHTS", "WINS", "WIN_WEIGHTS", "compare_rules"]

F64 = torch.float64
TABLE_NOISE = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
SAMPLED = ("1D-paper", "1D-marginal", "1D-autoG", "2D-marginal", "2D-autoG")
SAMPLED_WEIGHT = 3.0
WINS = ("1D-ckpt", "1D-paper")
WIN_WEIGHTS = (0.5, 1.0, 3.0)

Table: TypeAlias = dict[str, Any]


def compare_rules(
    rules: Rules,
    effort: Effort = FULL,
    seed: int = 0,
    on_part: Callable[[int, int], None] = lambda done, total: None,
) -> Table:
    """All tables, ready for JSON.

    Args:
        rules: the rules by name, which must include `none`, `cfg` and `reg`.
        effort: the amount of work.
        seed: the seed of every draw.
        on_part: a function called with (parts done, all parts).

    Raises:
        InputError: `none`, `cfg` or `reg`, with which the others are compared, is missing.
    """
    for name in ("none", "cfg", "reg"):
        if name not in rules:
            raise InputError("rules", sorted(rules), f"a set that includes {name!r} for comparison")
    parts: list[Callable[[], Table]] = [
        lambda: _path_kls(rules, effort, seed),
        lambda: {"win_ratio": _win_ratios(rules, effort)},
        lambda: {"relative_error": _relative_errors(rules, effort, seed)},
        lambda: {"fields": _fields(rules, effort, seed)},
        lambda: {"samples": _samples(rules, effort, seed)},
        lambda: {"family": choose(rules, effort, seed)},
        lambda: {"stress": _stress(effort, seed)},
    ]
    report: Table = {"weights": list(WEIGHTS), "effort": vars(effort).copy()}
    for done, part in enumerate(parts):
        on_part(done, len(parts))
        report |= part()
    on_part(len(parts), len(parts))
    return report


def _path_kls(rules: Rules, effort: Effort, seed: int) -> Table:
    report: Table = {"path_kl": {}, "path_kl_stderr": {}, "geomean_vs_reg": {}}
    for weight in WEIGHTS:
        values: Table = {}
        errors: Table = {}
        for name, problem in named.items():
            found = problem_errors(rules, problem, weight, noise_of(effort), effort, seed)
            values[name] = {rule: one.path_kl for rule, one in found.items()}
            if problem.dimension > 1:
                errors[name] = {rule: one.path_kl_stderr for rule, one in found.items()}
        kept = [values[name] for name, problem in named.items() if not problem.exact]
        report["path_kl"][f"{weight:g}"] = values
        report["path_kl_stderr"][f"{weight:g}"] = errors
        report["geomean_vs_reg"][f"{weight:g}"] = geomean(kept)
    return report


def _win_ratios(rules: Rules, effort: Effort) -> Table:
    report: Table = {}
    for name in WINS:
        problem = named[name]
        strong, weak = (
            MixtureDenoiser(law, PUBLISHED) for law in (problem.conditional, problem.guide)
        )
        report[name] = {
            f"{weight:g}": win_ratios(rules, problem, (strong, weak), weight, effort.grid)
            for weight in WIN_WEIGHTS
        }
    return report


def _relative_errors(rules: Rules, effort: Effort, seed: int) -> Table:
    noise = torch.tensor(TABLE_NOISE, dtype=F64)
    report: Table = {"noise": list(TABLE_NOISE)}
    for name, problem in named.items():
        report[name] = {}
        for weight in WEIGHTS:
            found = problem_errors(rules, problem, weight, noise, effort, seed)
            scale = found["none"].rms
            report[name][f"{weight:g}"] = {
                rule: (one.rms / scale).tolist() for rule, one in found.items()
            }
    return report


def _fields(rules: Rules, effort: Effort, seed: int) -> Table:
    noise = log_spaced(0.02, 60.0, effort.levels)
    strong, weak = class_field()
    report: Table = {"stationary-32x32": {}}

    def values(target: Law, pair: tuple[Law, Law], weight: float, count: int) -> Table:
        levels = sampled_levels(target, noise, count, seed)
        found = rule_errors(rules, pair, weight, levels)
        return {rule: [one.path_kl, one.path_kl_stderr] for rule, one in found.items()}

    for weight in WEIGHTS:
        found = values(tilt(strong, weak, weight), (strong, weak), weight, effort.fields)
        report["stationary-32x32"][f"{weight:g}"] = found
    for separation in effort.separations:
        guide = class_mixture(separation)
        table = report[f"classes-8x8-sep{separation:g}"] = {}
        for weight in WEIGHTS:
            target = ClassTarget(guide, weight)
            pair = (target.conditional, guide)
            table[f"{weight:g}"] = values(target, pair, weight, effort.classes)
    return report


def _samples(rules: Rules, effort: Effort, seed: int) -> Table:
    report: Table = {"weight": SAMPLED_WEIGHT}
    one, zero = torch.ones((), dtype=F64), torch.zeros((), dtype=F64)
    for name in SAMPLED:
        problem = named[name]
        target = JointTarget(problem.conditional, problem.guide, SAMPLED_WEIGHT)
        generator = torch.Generator().manual_seed(seed + 1)
        truth = target.sample(5 * effort.samples, one, zero, generator)
        again = target.sample(effort.samples, one, zero, generator)
        strong = MixtureDenoiser(problem.conditional, SAMPLING)
        weak = MixtureDenoiser(problem.guide, SAMPLING)
        denoisers = {rule: build(strong, weak, SAMPLED_WEIGHT) for rule, build in rules.items()}
        denoisers["ideal"] = ExactDenoiser(target, SAMPLING)
        found = {"exact": energy_distance(again, truth)}
        for rule, denoiser in denoisers.items():
            ends = draw(denoiser, (effort.samples, problem.dimension), effort.steps, seed)
            found[rule] = energy_distance(ends, truth)
        report[name] = found
    return report


def _stress(effort: Effort, seed: int) -> Table:
    noise = noise_of(effort)
    return {
        name: gauge(problem, GAUGED, noise, effort, seed)
        for name, problem in named.items()
        if not problem.exact
    }
