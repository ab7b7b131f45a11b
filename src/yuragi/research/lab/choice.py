"""Choose a default on half of some random problems, and report results on the other half.

The problems are those of `yuragi.research.lab.problems.family`, on the line, in the plane and in
space; the four kinds alternate in both halves. Intervals are for the choice of the problems.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from yuragi.research.lab.measure import Effort, Rules, problem_errors
from yuragi.research.lab.problems import Problem, family
from yuragi.research.metrics.intervals import mean_interval
from yuragi.research.metrics.path_kl import log_spaced

__all__ = ["WEIGHTS", "choose", "geomean", "noise_of"]

WEIGHTS = (1.0, 3.0)
EXACT = 1e-9
"""The path-KL relative to `reg` below which a rule is exact up to rounding."""

PathKLs = Mapping[str, float]
"""Path-KLs by rule, for one problem and one weight."""


def choose(
    rules: Rules,
    effort: Effort,
    seed: int,
    on_problem: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """The gamma with the lowest path-KL on one half, and the path-KLs of all rules on the other.

    Args:
        rules: the rules by name, including `reg`; those named ``ratio_`` and a number are the
            candidates.
        effort: the number of problems of each dimension, of levels and of draws.
        seed: the seed of the problems and of every draw.
        on_problem: a function called with (problems done, all problems).
    """
    problems = [
        (half, problem)
        for dimension, count in enumerate(effort.family, 1)
        for half, problem in _halves(family(seed, count, dimension))
    ]
    found: dict[str, dict[str, list[PathKLs]]] = {
        half: {f"{weight:g}": [] for weight in WEIGHTS} for half in ("choose", "report")
    }
    for done, (half, problem) in enumerate(problems):
        on_problem(done, len(problems))
        for weight in WEIGHTS:
            errors = problem_errors(rules, problem, weight, noise_of(effort), effort, seed)
            kls = {rule: one.path_kl for rule, one in errors.items()}
            found[half][f"{weight:g}"].append(kls)
    on_problem(len(problems), len(problems))
    # Choose one rule for all weights: the best over both.
    pooled = geomean([table for tables in found["choose"].values() for table in tables])
    gammas = {rule: mean for rule, mean in pooled.items() if _is_gamma(rule)}
    return {
        "problems": list(effort.family),
        "geomean_vs_reg": {
            half: {weight: geomean(tables) for weight, tables in by_weight.items()}
            for half, by_weight in found.items()
        },
        "intervals": {
            half: {weight: _intervals(tables) for weight, tables in by_weight.items()}
            for half, by_weight in found.items()
        },
        "by_dimension": _by_dimension(problems, found),
        "pooled": pooled,
        "chosen": min(gammas, key=lambda rule: gammas[rule]) if gammas else None,
    }


def noise_of(effort: Effort) -> Tensor:
    """The noise levels sigma / alpha at which rules are compared, [l]."""
    return log_spaced(0.01, 20.0, effort.levels)


def geomean(tables: Sequence[PathKLs]) -> dict[str, float]:
    """The geometric mean over tables (rule -> path-KL) of each rule relative to `reg`.

    Tables in which a rule is exact are left out of its mean, which would otherwise be 0.
    """
    return {
        rule: math.exp(math.fsum(logs) / len(logs)) if logs else 0.0
        for rule, logs in _logs(tables).items()
    }


def _logs(tables: Sequence[PathKLs]) -> dict[str, list[float]]:
    return {
        rule: [
            math.log(table[rule] / table["reg"])
            for table in tables
            if table[rule] / table["reg"] > EXACT
        ]
        for rule in (tables[0] if tables else {})
    }


def _halves(problems: Sequence[Problem]) -> list[tuple[str, Problem]]:
    """Assign each round of the four kinds to the two halves alternately."""
    return [
        ("choose" if k // 4 % 2 == 0 else "report", problem) for k, problem in enumerate(problems)
    ]


def _is_gamma(rule: str) -> bool:
    name, _, number = rule.partition("_")
    return name == "ratio" and number.replace(".", "").isdecimal()


def _intervals(tables: Sequence[PathKLs]) -> dict[str, list[float]]:
    """The 95 % interval [low, high] of each rule's geometric mean over problems."""
    found = {}
    for rule, logs in _logs(tables).items():
        if len(logs) > 1:
            ends = mean_interval(torch.tensor(logs, dtype=torch.float64))
            found[rule] = [math.exp(ends.low), math.exp(ends.high)]
    return found


def _by_dimension(
    problems: Sequence[tuple[str, Problem]], found: Mapping[str, Mapping[str, Sequence[PathKLs]]]
) -> dict[str, dict[str, dict[str, float]]]:
    """The `geomean` of the reporting half, separately for each dimension."""
    dimensions = [problem.dimension for half, problem in problems if half == "report"]
    return {
        f"{dimension}D": {
            weight: geomean([t for d, t in zip(dimensions, tables, strict=True) if d == dimension])
            for weight, tables in found["report"].items()
        }
        for dimension in sorted(set(dimensions))
    }
