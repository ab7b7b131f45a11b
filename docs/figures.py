"""Make the figures of docs/theory.md, and the numbers in its text.

    python docs/figures.py

Everything is computed on mixtures of Gaussians, for which the denoiser, the distribution at every
noise level and the target of guidance are known exactly, so no network and no data are needed.
The numbers are written to docs/img/theory/numbers.json, and a test computes them again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import torch
from matplotlib.figure import Figure
from torch import Tensor

from yuragi.core.mixture import GaussianMixture, MixtureDenoiser
from yuragi.core.noise import SeededNoise
from yuragi.core.schedule import VPSchedule
from yuragi.core.table import TableSchedule, scaled_linear_betas
from yuragi.research.lab.kl import TOY, VARIANCES
from yuragi.research.lab.measure import SAMPLING, draw
from yuragi.research.lab.problems import named
from yuragi.research.lab.rules import RULES
from yuragi.research.metrics.mixture_kl import correlation
from yuragi.sample import integrate
from yuragi.solver.ddim import DDIM

FOLDER = Path(__file__).with_name("img") / "theory"
F64 = torch.float64
ONE, ZERO = torch.ones((), dtype=F64), torch.zeros((), dtype=F64)
TIMES = torch.linspace(1, 1e-3, 201, dtype=F64)
ODE, SDE = "#c1443c", "#2b6ca3"
PROBLEM, WEIGHT = "1D-ckpt", 3.0
SHOWN = {"cfg": "plain guidance", "reg": "REG", "ratio": "ratio"}
COUNT, STEPS = 4000, 200


def paths(start: Tensor, eta: float) -> Tensor:
    """States of the toy at every level, [201, n], from states at full noise, [n]."""
    seeded = SeededNoise(0, [0], stream="steps")
    seen = [start]

    def noise(step: int, like: Tensor) -> Tensor:
        return seeded(step, like[None, :, 0])[0, :, None]

    def keep(_step: int, x: Tensor) -> Tensor:
        seen.append(x[:, 0])
        return x

    denoiser = MixtureDenoiser(TOY, VPSchedule())
    integrate(denoiser, DDIM(eta), start[:, None], TIMES, noise, keep)
    return torch.stack(seen)


def start(count: int, shift: float = 0.0) -> Tensor:
    """States at full noise, [n]; a shift moves them away from the model's distribution."""
    return shift + SeededNoise(0, [0], stream="start")(0, torch.zeros(1, count, dtype=F64))[0]


def density(law: GaussianMixture, grid: Tensor) -> Tensor:
    """The density of clean data, [n]."""
    return law.log_prob(grid[:, None], ONE, ZERO).exp()


def aimed(grid: Tensor) -> Tensor:
    """The target density of guidance, p_c (p_c / p_u)^w, normalised on the grid, [n]."""
    problem = named[PROBLEM]
    strong = problem.conditional.log_prob(grid[:, None], ONE, ZERO)
    weak = problem.guide.log_prob(grid[:, None], ONE, ZERO)
    tilted = (strong + WEIGHT * (strong - weak)).exp()
    return tilted / torch.trapezoid(tilted, grid)


def guided(rule: str) -> Tensor:
    """Samples that are guided by a rule, [n]."""
    problem = named[PROBLEM]
    strong = MixtureDenoiser(problem.conditional, SAMPLING)
    weak = MixtureDenoiser(problem.guide, SAMPLING)
    return draw(RULES[rule](strong, weak, WEIGHT), (COUNT, 1), STEPS, seed=0)[:, 0].detach()


def distance(samples: Tensor, grid: Tensor, law: Tensor) -> float:
    """The Wasserstein distance of samples to a density on a grid: how far mass must be moved."""
    below = (samples[None] <= grid[:, None]).double().mean(1)
    known = torch.cumulative_trapezoid(law, grid)
    return torch.trapezoid((below[1:] - known).abs(), grid[1:]).item()


GRID = torch.linspace(-2, 4, 2401, dtype=F64)


def numbers() -> dict[str, dict[str, float]]:
    """The numbers that the text of the page quotes, to three digits."""
    wrong = start(COUNT, shift=1.0)
    ends = {name: paths(wrong, eta)[-1] for name, eta in (("ode", 0.0), ("sde", 1.0))}
    pair = torch.tensor([0.3, 0.5], dtype=F64)
    apart = {name: paths(pair, eta)[-1] for name, eta in (("ode", 0.0), ("sde", 1.0))}
    law = aimed(GRID)
    found = {
        "share in the right mode": {k: (v > 0).double().mean().item() for k, v in ends.items()},
        "distance of two paths": {k: (v[1] - v[0]).abs().item() for k, v in apart.items()},
        "distance to the aim": {
            rule: distance(guided(rule), GRID, law) for rule in ("none", *SHOWN)
        },
    }
    return {name: {k: float(f"{v:.3g}") for k, v in row.items()} for name, row in found.items()}


def randomness() -> Figure:
    """Paths from the same wrong starts, and where they end."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, middle, right = figure.subplots(1, 3, sharey=True, width_ratios=(2, 2, 1))
    wrong = start(COUNT, shift=1.0)
    grid = torch.linspace(-4, 4, 401, dtype=F64)
    right.plot(density(TOY, grid), grid, color="0.6", label="data")
    for axis, eta, colour, title in ((left, 0.0, ODE, "ODE"), (middle, 1.0, SDE, "SDE")):
        states = paths(wrong, eta)
        axis.plot(1 - TIMES, states[:, :24], color=colour, linewidth=0.7, alpha=0.7)
        axis.set_title(title)
        axis.set_xlabel("from full noise to the picture")
        right.hist(
            states[-1].numpy(), 60, range=(-4, 4), density=True, orientation="horizontal",
            histtype="step", color=colour, label=title,
        )  # fmt: skip
    left.set_ylabel("state")
    right.set_title("where they end")
    right.set_xlabel("density")
    right.legend(fontsize=8)
    return figure


def forgetting() -> Figure:
    """The share of an edit that survives noise, by strength."""
    figure = Figure(figsize=(6, 3.4), layout="constrained")
    axis = figure.subplots()
    schedule = TableSchedule.from_betas(scaled_linear_betas())
    clean = torch.tensor(schedule.clean, dtype=F64)
    times = torch.arange(19, 1000, 20, dtype=F64)
    for variance in VARIANCES:
        kept = [correlation(schedule, variance, clean, t).item() for t in times]
        axis.plot((times + 1) / 1000, kept, label=f"variance {variance:g}")
    axis.set_xlabel("strength")
    axis.set_ylabel("share that survives")
    axis.legend(fontsize=8)
    return figure


def guidance() -> Figure:
    """Samples of three rules, and the target density of guidance."""
    figure = Figure(figsize=(9, 3.2), layout="constrained")
    axes = figure.subplots(1, 3, sharey=True)
    strong, law = density(named[PROBLEM].conditional, GRID), aimed(GRID)
    for axis, (rule, title) in zip(axes, SHOWN.items(), strict=True):
        drawn = guided(rule).numpy()
        axis.hist(drawn, 90, range=(0, 3), density=True, color="0.8", label="samples")
        axis.plot(GRID, strong, color="0.5", linestyle=":", label="not guided")
        axis.plot(GRID, law, color=SDE, label="the aim")
        axis.set_xlim(0, 3)
        axis.set_title(title)
    axes[0].set_ylabel("density")
    axes[0].legend(fontsize=8)
    return figure


FIGURES: dict[str, Callable[[], Figure]] = {
    "randomness": randomness,
    "forgetting": forgetting,
    "guidance": guidance,
}

if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, make in FIGURES.items():
        make().savefig(FOLDER / f"{name}.png", dpi=110, metadata={"Software": None})
    told = json.dumps(numbers(), indent=1) + "\n"
    (FOLDER / "numbers.json").write_text(told, "utf-8")
    print(told, end="")
