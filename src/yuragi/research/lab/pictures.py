r"""Figures of the laboratory: fields with and without correction, samples, and path-KL by rule.

The functions import matplotlib (extra ``lab``) themselves. Fields are shown as the guidance term
D - D_c in x_0, which is (sigma^2 / alpha) grad log E_t for the ideal denoiser.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from yuragi.core.denoiser import Denoiser
from yuragi.core.mixture import MixtureDenoiser
from yuragi.errors import missing_extra
from yuragi.research.lab.measure import PUBLISHED, SAMPLING, Rules, draw
from yuragi.research.lab.problems import Problem, named
from yuragi.research.metrics.joint import JointTarget
from yuragi.research.metrics.law import ExactDenoiser

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "bars",
    "check_matplotlib",
    "curves",
    "error_maps",
    "quivers",
    "samples",
    "write_pictures",
]

F64 = torch.float64
SHOWN = ("cfg", "reg", "ratio")
"""The rules that figures compare with the ideal."""
TIMES = (0, 5, 9, 14, 19)
"""The times of the published one-dimensional experiment (20 steps) that are shown as curves."""
NOISES = (0.1, 0.4, 1.6)
"""The noise levels of the figures in the plane."""


def check_matplotlib() -> None:
    """Check for matplotlib before the computation, not after it.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise missing_extra("drawing figures", "lab") from error


def write_pictures(rules: Rules, report: Mapping[str, Any], folder: Path, seed: int = 0) -> None:
    """Write all figures as PNG files into a folder, which is created if it does not exist.

    Args:
        rules: the rules by name; only those in `SHOWN` are shown.
        report: the result of `compare_rules`.
        folder: the folder to write to.
        seed: the seed of the samples.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    shown = {name: rules[name] for name in SHOWN if name in rules}
    figures = {"path-kl": bars(report)}
    for name in ("1D-ckpt", "1D-paper"):
        figures[f"curves-{name}"] = curves(shown, named[name], 1.0)
        figures[f"errors-{name}"] = error_maps(shown, named[name], 1.0)
    for name in ("2D-marginal", "2D-autoG"):
        figures[f"field-{name}"] = quivers(shown, named[name], 1.0)
        figures[f"samples-{name}"] = samples(shown, named[name], 3.0, seed)
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in figures.items():
        figure.savefig(folder / f"{name}.png", dpi=120)


def bars(report: Mapping[str, Any]) -> Figure:
    """The path-KL of every rule on every named problem, with one row of bars per weight."""
    tables = report["path_kl"]
    figure = _figure(11, 3.2 * len(tables))
    from matplotlib import colormaps

    colors = colormaps["tab20"]
    for row, (weight, problems) in enumerate(tables.items()):
        axes = figure.add_subplot(len(tables), 1, row + 1)
        rules = list(next(iter(problems.values())))
        for i, rule in enumerate(rules):
            # The path-KL of an exact rule is rounding error, which would stretch the axis.
            heights = [max(values[rule], 1e-4) for values in problems.values()]
            places = [place + 0.8 * i / len(rules) for place in range(len(problems))]
            width = 0.8 / len(rules)
            axes.bar(places, heights, width, label=rule, align="edge", color=colors(i))
        axes.set_yscale("log")
        axes.set_ylim(bottom=1e-4)
        axes.set_xticks([place + 0.4 for place in range(len(problems))], list(problems))
        axes.set_ylabel(f"path-KL (nats), w = {weight}")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=7, fontsize=7)
    return figure


def curves(rules: Rules, problem: Problem, weight: float) -> Figure:
    """On the line: the guidance term over x at several times, for each rule and the ideal."""
    fields = _published_fields(rules, problem, weight)
    x = _published_grid()[:, 0]
    figure = _figure(3 * len(TIMES), 3)
    for i, time in enumerate(TIMES):
        axes = figure.add_subplot(1, len(TIMES), i + 1)
        for name, field in fields.items():
            color, width = ("black", 2.5) if name == "ideal" else (None, 1.2)
            axes.plot(x, field[time], label=name, color=color, linewidth=width)
        limit = 1.5 * float(fields["ideal"][time].abs().max())
        axes.set_ylim(-limit, limit)
        axes.set_title(f"t = {time + 1}")
        axes.set_xlabel("x")
    figure.axes[0].legend(fontsize=7)
    figure.axes[0].set_ylabel("guidance term in x0")
    return figure


def error_maps(rules: Rules, problem: Problem, weight: float) -> Figure:
    """On the line: |guidance term - ideal| over x and t, one map per rule on a common scale."""
    fields = _published_fields(rules, problem, weight)
    ideal = fields.pop("ideal")
    top = float((fields["cfg"] - ideal).abs().quantile(0.95)) if "cfg" in fields else None
    figure = _figure(4 * len(fields), 3.2)
    for i, (name, field) in enumerate(fields.items()):
        axes = figure.add_subplot(1, len(fields), i + 1)
        shown = axes.imshow(
            (field - ideal).abs(), aspect="auto", origin="lower", extent=(-1, 2, 0.5, 20.5),
            vmin=0, vmax=top,
        )  # fmt: skip
        axes.set_title(f"|{name} - ideal|")
        axes.set_xlabel("x")
    figure.axes[0].set_ylabel("t")
    figure.colorbar(shown, ax=figure.axes)
    return figure


def quivers(rules: Rules, problem: Problem, weight: float) -> Figure:
    """In the plane: the guidance term as arrows where the target has mass; the ideal on top."""
    target = JointTarget(problem.conditional, problem.guide, weight)
    side = torch.linspace(-2.5, 2.5, 26, dtype=F64)
    x = torch.stack(torch.meshgrid(side, side, indexing="ij"), -1).flatten(0, 1)
    strong = MixtureDenoiser(problem.conditional, SAMPLING)
    weak = MixtureDenoiser(problem.guide, SAMPLING)
    denoisers: dict[str, Denoiser] = {"ideal": ExactDenoiser(target, SAMPLING)}
    denoisers |= {name: rule(strong, weak, weight) for name, rule in rules.items()}
    figure = _figure(3.2 * len(NOISES), 3.2 * len(denoisers))
    for column, noise in enumerate(NOISES):
        t = torch.tensor(noise, dtype=F64)
        log_density = target.log_prob(x, *SAMPLING(t))
        near = log_density > log_density.max() - 8
        base = strong(x, t)
        for row, (name, denoiser) in enumerate(denoisers.items()):
            axes = figure.add_subplot(len(denoisers), len(NOISES), row * len(NOISES) + column + 1)
            axes.contour(side, side, log_density.exp().reshape(26, 26).T, colors="lightgray")
            arrows = (denoiser(x, t).detach() - base)[near]
            axes.quiver(*x[near].T, *arrows.T, angles="xy", scale_units="xy", scale=1, width=4e-3)
            axes.set_aspect("equal")
            axes.set_title(f"{name}, sigma = {noise:g}", fontsize=9)
    return figure


def samples(rules: Rules, problem: Problem, weight: float, seed: int, count: int = 800) -> Figure:
    """Final samples of the reverse SDE for each rule, and samples of the target."""
    target = JointTarget(problem.conditional, problem.guide, weight)
    one, zero = torch.ones((), dtype=F64), torch.zeros((), dtype=F64)
    clouds = {"target": target.sample(count, one, zero, torch.Generator().manual_seed(seed))}
    strong = MixtureDenoiser(problem.conditional, SAMPLING)
    weak = MixtureDenoiser(problem.guide, SAMPLING)
    for name, rule in rules.items():
        shape = (count, problem.dimension)
        clouds[name] = draw(rule(strong, weak, weight), shape, 100, seed)
    figure = _figure(3 * len(clouds), 3.2)
    _scatter(figure, clouds)
    return figure


def _scatter(figure: Figure, clouds: Mapping[str, Tensor]) -> None:
    everything = torch.cat(list(clouds.values()))
    low, high = everything.quantile(0.002, 0), everything.quantile(0.998, 0)
    for i, (name, cloud) in enumerate(clouds.items()):
        axes = figure.add_subplot(1, len(clouds), i + 1)
        axes.scatter(cloud[:, 0], cloud[:, 1], s=2)
        axes.set_xlim(low[0].item() - 0.2, high[0].item() + 0.2)
        axes.set_ylim(low[1].item() - 0.2, high[1].item() + 0.2)
        axes.set_title(name)


def _published_grid() -> Tensor:
    return torch.linspace(-1, 2, 300, dtype=F64)[:, None]


def _published_fields(rules: Rules, problem: Problem, weight: float) -> dict[str, Tensor]:
    """D - D_c on the published grid, [20, n], for each rule and the ideal."""
    strong = MixtureDenoiser(problem.conditional, PUBLISHED)
    weak = MixtureDenoiser(problem.guide, PUBLISHED)
    target = JointTarget(problem.conditional, problem.guide, weight)
    denoisers: dict[str, Denoiser] = {
        name: rule(strong, weak, weight) for name, rule in rules.items()
    }
    denoisers["ideal"] = ExactDenoiser(target, PUBLISHED)
    x = _published_grid()
    times: Sequence[Tensor] = list(torch.arange(20, dtype=F64))
    return {
        name: torch.stack([(denoiser(x, t) - strong(x, t)).detach()[:, 0] for t in times])
        for name, denoiser in denoisers.items()
    }


def _figure(width: float, height: float) -> Figure:
    """An empty figure that does not need a display."""
    check_matplotlib()
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")
