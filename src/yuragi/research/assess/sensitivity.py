"""What a result hangs on: total-order Sobol indices of quality, diversity and fit, by SALib.

Settings are drawn over their whole ranges (Saltelli's scheme: n (d + 2) settings for d of them).
The total-order index of a setting is the share of a result's variance that it has a hand in, alone
or with others: near 0, it may be set anyhow. Every setting is measured on the same pictures (equal
seeds and prompts), so that the indices are of the settings and not of chance.

References: Saltelli et al. 2010 (Computer Physics Communications 181.2), table 2; Herman & Usher
2017 (JOSS 2.9) for SALib.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from yuragi.errors import missing_extra
from yuragi.research.sweep.grid import Point

__all__ = ["RANGES", "Setting", "sensitivity", "write_bars"]


@dataclass(frozen=True)
class Setting:
    """One of the settings that are varied together.

    Attributes:
        scale: the guidance scale.
        steps: solver steps, rounded.
        low: the lower end of the guided interval, log2 of sigma / alpha.
        width: the width of the interval in the same units.
        gamma: of the ratio gain.
    """

    scale: float
    steps: float
    low: float
    width: float
    gamma: float

    @property
    def point(self) -> Point:
        """The setting as a point of a sweep."""
        low, high = 2.0**self.low, 2.0 ** (self.low + self.width)
        return Point(
            f"interval:{low:.6g}:{high:.6g}",
            f"ratio:{self.gamma:.6g}",
            self.scale,
            "dpm++2m",
            round(self.steps),
        )


RANGES: Mapping[str, tuple[float, float]] = {
    "scale": (1.1, 4.0),
    "steps": (4, 16),
    "low": (-5.0, -1.0),
    "width": (2.0, 8.0),
    "gamma": (0.0, 1.0),
}
"""What each setting is drawn from, evenly."""


def sensitivity(
    measure: Callable[[Point], Mapping[str, float]],
    base: int,
    seed: int,
    on_done: Callable[[int, int], None],
) -> dict[str, Any]:
    """First- and total-order indices of every measure, with 95 % intervals.

    Args:
        measure: a point -> its values by name.
        base: Saltelli's n, a power of 2; d = 5 settings take 7 n points.
        seed: of the settings.
        on_done: told (points done, points in all).

    Raises:
        MissingExtraError: SALib is not installed (extra ``lab``).
    """
    try:
        from SALib.analyze import sobol as analysis
        from SALib.sample import sobol as sampling
    except ImportError as error:
        raise missing_extra("sensitivity", "lab") from error
    problem = {
        "num_vars": len(RANGES),
        "names": list(RANGES),
        "bounds": [list(ends) for ends in RANGES.values()],
    }
    drawn = sampling.sample(problem, base, calc_second_order=False, seed=seed)
    values: dict[str, list[float]] = {}
    for done, row in enumerate(drawn):
        for name, value in measure(Setting(*map(float, row)).point).items():
            values.setdefault(name, []).append(value)
        on_done(done + 1, len(drawn))
    return {
        "points": len(drawn),
        "ranges": {name: list(ends) for name, ends in RANGES.items()},
        "indices": {
            name: _indices(
                analysis.analyze(problem, np.array(found), calc_second_order=False, seed=seed)
            )
            for name, found in values.items()
        },
        "values": {
            name: {"mean": float(np.mean(found)), "std": float(np.std(found))}
            for name, found in values.items()
        },
    }


def _indices(found: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """SALib's confidences are half-widths."""
    columns = zip(RANGES, found["ST"], found["ST_conf"], found["S1"], found["S1_conf"], strict=True)
    return {
        name: {
            "total": float(total),
            "total_half_width": float(total_width),
            "first": float(first),
            "first_half_width": float(first_width),
        }
        for name, total, total_width, first, first_width in columns
    }


def write_bars(report: Mapping[str, Any], path: Path, measures: Sequence[str]) -> None:
    """A picture of the total-order indices, a panel for each measure.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise missing_extra("figures", "lab") from error
    figure = Figure(figsize=(3.2 * len(measures), 2.8), layout="constrained")
    for axes, name in zip(
        figure.subplots(1, len(measures), squeeze=False)[0], measures, strict=True
    ):
        rows = report["indices"][name]
        axes.barh(
            list(rows),
            [row["total"] for row in rows.values()],
            xerr=[row["total_half_width"] for row in rows.values()],
            color="tab:blue",
        )
        axes.set_title(name)
        axes.set_xlabel("total-order index")
        axes.set_xlim(left=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)
