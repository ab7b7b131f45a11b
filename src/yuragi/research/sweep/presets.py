"""The protocols of the REG paper, and protocols that test its claims on small models.

The caller supplies what a preset does not fix: the model by name or path, the weaker model and real
pictures. Steps, solvers, grids and intervals are those of the paper's repository
(zhengqigao/REG): DiT-XL/2 with 250 DDPM steps and the interval of timesteps 205 to 502 of a
thousand (sigma / alpha 0.745 to 3.48), EDM2 with 32 Heun steps from 80 to 0.002 (rho 7) and the
interval 0.28 to 2.9, text-to-image with 50 steps and 5,000 prompts at the noise levels of the
model's own pipeline. The paper's grids of scales are not in its repository, so the grids here span
the ranges of its figures. The weights of the published code are w = scale - 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["PRESETS", "Preset"]


@dataclass(frozen=True)
class Preset:
    """A protocol.

    Attributes:
        rules: the weight rules; ``auto`` is left out if no weaker model is given.
        scales: the guidance scales.
        solver: the solver of all points.
        steps: the step counts of each gain; plain guidance also runs at the cost of the gains, with
            more steps.
        n: the number of pictures per point.
        spacing: the time grid.
        gains: the gains to compare.
    """

    rules: Sequence[str]
    scales: Sequence[float]
    solver: str
    steps: Mapping[str, Sequence[int]]
    n: int
    spacing: str
    gains: Sequence[str] = field(default=("plain", "reg", "ratio"))

    def rules_for(self, weaker: bool) -> list[str]:
        """The rules, without those that need a weaker model if there is none."""
        return [rule for rule in self.rules if weaker or rule != "auto"]


PRESETS: Mapping[str, Preset] = {
    "reg-dit": Preset(
        rules=("cfg", "interval:0.745:3.48", "linear", "cosine", "cosine:2", "cosine:4"),
        scales=(1, 1.25, 1.5, 1.75, 2, 2.5, 3, 4),
        solver="ddpm",
        steps={"plain": (250, 500), "reg": (250,), "ratio": (250,)},
        n=50_000,
        spacing="leading",
    ),
    "reg-edm2": Preset(
        rules=("cfg", "interval:0.28:2.9", "linear", "cosine", "auto"),
        scales=(1, 1.2, 1.4, 1.7, 2, 2.5, 3),
        solver="heun",
        steps={"plain": (32, 64), "reg": (32,), "ratio": (32,)},
        n=50_000,
        spacing="native",
    ),
    "reg-text": Preset(
        rules=("cfg", "linear", "cosine"),
        scales=(1, 2, 3, 5, 7.5, 10),
        solver="dpm++2m",
        steps={"plain": (50, 100), "reg": (50,), "ratio": (50,)},
        n=5_000,
        spacing="native",
    ),
    "small": Preset(
        rules=("cfg", "interval:0.28:2.9", "linear", "cosine", "auto"),
        scales=(1, 2, 1.5, 3),
        solver="dpm++2m",
        steps={"plain": (8, 16), "reg": (8,), "ratio": (8,)},
        n=2_000,
        spacing="trailing",
    ),
}
"""All presets by name."""
