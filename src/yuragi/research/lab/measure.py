r"""One rule on one problem: where it is compared with the ideal, and how it samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

from yuragi.core.denoiser import Denoiser
from yuragi.core.noise import RecordedNoise
from yuragi.core.schedule import EDMSchedule
from yuragi.core.table import TableSchedule, linear_betas
from yuragi.core.times import uniform_log_snr
from yuragi.errors import InputError
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
    "win_ratios",
]

F64 = torch.float64
SCHEDULE = EDMSchedule(1e-3, 100.0)
"""Where path-KLs are measured: noise from far below to far above the data."""
SAMPLING = EDMSchedule(0.01, 20.0)
"""Where samplers run."""
PUBLISHED = TableSchedule.from_betas(linear_betas(1e-4, 0.02, 20))
"""The paper's one-dimensional chain. It ends far from noise, at alpha^2 = 0.817: only the low-noise
third of a usual schedule."""

Rules: TypeAlias = Mapping[str, Rule]


@dataclass(frozen=True)
class Effort:
    """How much work a comparison is.

    Args:
        levels: noise levels per path-KL.
        nodes: nodes per level on the line.
        plane: draws per level in the plane and in space.
        grid: points per time of the published win ratio.
        fields: draws per level of 32 x 32 fields (each is 1024 numbers).
        classes: draws per level of 8 x 8 fields.
        separations: of the classes.
        samples: draws of each sampler.
        steps: of each sampler.
        family: random problems on the line, in the plane and in space, of which half choose and
            half report.
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
        # The four kinds of problem take turns: whole turns, so that both halves hold them alike.
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
    """Where rules are compared on a problem: integrated on the line, drawn in the plane."""
    if problem.dimension == 1:
        low, high = target.support.axes[0][[0, -1]].tolist()
        return levels_by_quadrature(target, SCHEDULE, noise, low, high, effort.nodes)
    generator = torch.Generator().manual_seed(seed)
    return levels_by_sampling(target, SCHEDULE, noise, effort.plane, generator)


def rule_errors(
    rules: Rules, pair: tuple[Law, Law], weight: float, levels: Sequence[Level]
) -> dict[str, Errors]:
    """Each rule's errors; pair is (conditional, guidance)."""
    strong, weak = (ExactDenoiser(law, SCHEDULE) for law in pair)
    return {name: compare(rule(strong, weak, weight), levels) for name, rule in rules.items()}


def problem_errors(
    rules: Rules, problem: Problem, weight: float, noise: Tensor, effort: Effort, seed: int
) -> dict[str, Errors]:
    """Each rule's errors at the levels `noise` [l] (sigma / alpha)."""
    target = JointTarget(problem.conditional, problem.guide, weight)
    levels = make_levels(problem, target, noise, effort, seed)
    return rule_errors(rules, (problem.conditional, problem.guide), weight, levels)


def win_ratios(
    rules: Rules, problem: Problem, pair: tuple[Denoiser, Denoiser], weight: float, grid: int
) -> dict[str, float]:
    """Share of the published grid, 20 levels times `grid` states, where a rule beats plain `cfg`.

    Args:
        rules: by name, `cfg` among them.
        problem: on the line.
        pair: (strong, weak) under `PUBLISHED`, exact or learned; the ideal is exact.
        weight: guidance scale - 1.
        grid: states in [-1, 2].
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
    """End samples [n, d] of the reverse SDE in `steps` steps, float64; denoiser under SAMPLING.

    The same seed gives every denoiser the same noise.
    """
    times = uniform_log_snr(SAMPLING, steps)
    generator = torch.Generator().manual_seed(seed)
    noises = torch.randn(steps + 1, *shape, generator=generator, dtype=F64)
    noise = RecordedNoise(list(noises[1:]))
    return integrate(denoiser, DDIM(1.0), noises[0] * times[0], times, noise)
