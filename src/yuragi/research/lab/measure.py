r"""Measure rules on a problem: compare them with the ideal denoiser, and draw samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from yuragi.core.denoiser import Denoiser
from yuragi.core.schedule import EDMSchedule
from yuragi.core.table import TableSchedule, linear_betas
from yuragi.core.times import uniform_log_snr
from yuragi.errors import InputError
from yuragi.research.lab.noise import StateNoise, keyed
from yuragi.research.lab.problems import Problem
from yuragi.research.lab.rules import Rule
from yuragi.research.metrics.joint import JointTarget
from yuragi.research.metrics.law import ExactDenoiser, Law
from yuragi.research.metrics.path_kl import (
    Errors,
    Level,
    compare,
    levels_at,
    levels_by_quadrature,
    levels_by_sampling,
    square_errors,
    win_ratio,
)
from yuragi.sample import integrate
from yuragi.solver.ddim import DDIM

__all__ = [
    "FULL",
    "PUBLISHED",
    "QUICK",
    "SAMPLING",
    "SCHEDULE",
    "Effort",
    "Rules",
    "draw",
    "make_levels",
    "problem_errors",
    "rule_errors",
    "sampled_levels",
    "win_ratios",
]

F64 = torch.float64
SCHEDULE = EDMSchedule(1e-3, 100.0)
"""The schedule for path-KLs, with noise from far below to far above the scale of the data."""
SAMPLING = EDMSchedule(0.01, 20.0)
"""The schedule for samplers."""
PUBLISHED = TableSchedule.from_betas(linear_betas(1e-4, 0.02, 20))
"""The paper's one-dimensional chain. It ends far from pure noise, at alpha^2 = 0.817, and covers
only the low-noise third of a usual schedule."""

Rules: TypeAlias = Mapping[str, Rule]


@dataclass(frozen=True)
class Effort:
    """The amount of work of a comparison.

    Args:
        levels: the number of noise levels per path-KL.
        nodes: the number of nodes per level on the line.
        plane: the number of draws per level in the plane and in space.
        grid: the number of points per time of the published win ratio.
        fields: the number of draws per level of 32 x 32 fields (each has 1024 numbers).
        classes: the number of draws per level of 8 x 8 fields.
        separations: the separations of the classes.
        samples: the number of draws of each sampler.
        steps: the number of steps of each sampler.
        family: the number of random problems on the line, in the plane and in space; half are for
            the choice and half for the report.
    """

    levels: int = 24
    nodes: int = 400
    plane: int = 1300
    grid: int = 1000
    fields: int = 32
    classes: int = 256
    separations: tuple[float, ...] = (0.3, 0.6, 1.0)
    samples: int = 4000
    steps: int = 200
    family: tuple[int, ...] = (24, 24, 16)

    def __post_init__(self) -> None:
        # The four kinds of problems alternate, and both halves must contain equally many of each.
        if any(count % 8 for count in self.family):
            raise InputError("family", self.family, "multiples of 8")


FULL = Effort()
QUICK = Effort(
    levels=12,
    nodes=240,
    plane=150,
    grid=100,
    fields=4,
    classes=32,
    separations=(0.3, 1.0),
    samples=300,
    steps=30,
    family=(8,),
)


def make_levels(
    problem: Problem, target: JointTarget, noise: Tensor, effort: Effort, seed: int
) -> list[Level]:
    """The states for comparing rules on a problem: a grid on the line, else random draws."""
    if problem.dimension == 1:
        low, high = target.support.axes[0][[0, -1]].tolist()
        return levels_by_quadrature(target, SCHEDULE, noise, low, high, effort.nodes)
    return sampled_levels(target, noise, effort.plane, seed)


def sampled_levels(law: Law, noise: Tensor, count: int, seed: int) -> list[Level]:
    """`count` draws at each level sigma / alpha in `noise` [l], keyed by (seed, level's number)."""
    return [
        level
        for k, one in enumerate(noise[:, None])
        for level in levels_by_sampling(law, SCHEDULE, one, count, keyed(seed, k))
    ]


def rule_errors(
    rules: Rules, pair: tuple[Law, Law], weight: float, levels: Sequence[Level]
) -> dict[str, Errors]:
    """The errors of each rule; pair is (conditional, guidance)."""
    strong, weak = (ExactDenoiser(law, SCHEDULE) for law in pair)
    return {name: compare(rule(strong, weak, weight), levels) for name, rule in rules.items()}


def problem_errors(
    rules: Rules, problem: Problem, weight: float, noise: Tensor, effort: Effort, seed: int
) -> dict[str, Errors]:
    """The errors of each rule at the levels sigma / alpha in `noise` [l]."""
    target = JointTarget(problem.conditional, problem.guide, weight)
    levels = make_levels(problem, target, noise, effort, seed)
    return rule_errors(rules, (problem.conditional, problem.guide), weight, levels)


def win_ratios(
    rules: Rules, problem: Problem, pair: tuple[Denoiser, Denoiser], weight: float, grid: int
) -> dict[str, float]:
    """The share of the published grid, 20 levels times `grid` states, where a rule beats `cfg`.

    Args:
        rules: the rules by name, including `cfg`.
        problem: a problem on the line.
        pair: the denoisers (strong, weak) under `PUBLISHED`, exact or learned; the ideal one is
            exact.
        weight: the extra weight, guidance_scale - 1.
        grid: the number of states in [-1, 2].
    """
    x = torch.linspace(-1, 2, grid, dtype=F64)[:, None]
    target = JointTarget(problem.conditional, problem.guide, weight)
    levels = levels_at(target, PUBLISHED, torch.arange(20, dtype=F64), x)
    squares = {name: square_errors(rule(*pair, weight), levels) for name, rule in rules.items()}
    rivals = squares.pop("cfg")
    return {
        name: win_ratio(square, rivals, levels).mean().item() for name, square in squares.items()
    }


def draw(denoiser: Denoiser, shape: tuple[int, int], steps: int, seed: int) -> Tensor:
    """Final samples [n, d] of the reverse SDE in `steps` steps, float64; schedule `SAMPLING`.

    Denoisers with the same seed get the same noise, and sample k gets the same for every n.
    """
    times = uniform_log_snr(SAMPLING, steps)
    start = StateNoise(seed, "start")(0, torch.zeros(shape, dtype=F64))
    return integrate(denoiser, DDIM(1.0), start * times[0], times, StateNoise(seed, "steps"))
