"""Figures of `yuragi lab kl`: the KL along the chain, and samples from right and wrong priors.

The functions import matplotlib (extra ``lab``) themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from yuragi.research.lab.kl import PRIORS, TOY, toy_samples

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["kl_curves", "toy", "write_kl_pictures"]

F64 = torch.float64
COUNT, STEPS = 20_000, 200
"""The number of samples in a histogram, and of the steps that make them."""
COLOURS = {0.0: "tab:red", 1.0: "tab:blue"}
NAMES = {0.0: "ODE", 1.0: "SDE"}


def write_kl_pictures(report: Mapping[str, Any], folder: Path, seed: int = 0) -> None:
    """Write ``kl-curves.png`` and ``kl-toy.png`` into a folder, which is created if missing.

    Args:
        report: the result of `yuragi.research.lab.kl.contraction`.
        folder: the folder to write to.
        seed: the seed of the samples.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in (("kl-curves", kl_curves(report)), ("kl-toy", toy(seed))):
        figure.savefig(folder / f"{name}.png", dpi=100)


def kl_curves(report: Mapping[str, Any]) -> Figure:
    """The KL of the edited law to that of the data, from full noise (left) to the clean end."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    for eta, curve in report["curves"].items():
        label = {"0": "eta 0 (ODE)", "1": "eta 1 (SDE)"}.get(eta, f"eta {eta}")
        axes.plot(curve["noise"], curve["kl"], label=label)
    axes.set(
        xscale="log", yscale="log", xlabel="sigma / alpha", ylabel="KL to the data's law, nats"
    )
    axes.invert_xaxis()
    axes.legend()
    return figure


def toy(seed: int) -> Figure:
    """Histograms of final samples for every prior, by ODE and SDE, over the density of the data."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4 * len(PRIORS), 3.2), layout="constrained")
    panels = figure.subplots(1, len(PRIORS), sharey=True)
    x = torch.linspace(-4, 4, 400, dtype=F64)
    one, zero = torch.ones((), dtype=F64), torch.zeros((), dtype=F64)
    density = TOY.log_prob(x[:, None], one, zero).exp()
    for axes, (prior, (mean, std)) in zip(panels, PRIORS.items(), strict=True):
        axes.fill_between(x, density, color="0.85", label="data")
        for eta, colour in COLOURS.items():
            ends = toy_samples(prior, eta, COUNT, STEPS, seed)
            axes.hist(
                ends.numpy(), 160, (-4, 4), True, histtype="step", color=colour, label=NAMES[eta]
            )
        axes.set(title=f"{prior} prior: N({mean:g}, {std:g}²)", xlabel="x")
    panels[0].legend()
    return figure
