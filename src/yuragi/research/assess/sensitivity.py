"""The settings that matter: total-order Sobol indices of quality, diversity and fit, by SALib.

Settings are drawn over their whole ranges (Saltelli's scheme: n (d + 2) points for d settings). The
total-order index of a setting is the share of a result's variance to which the setting contributes,
alone or with others. If it is near 0, the value of the setting does not matter. All points are
measured with the same seeds and prompts, so that the indices reflect the settings and not chance.

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
    """The settings that are varied together.

    Attributes:
        scale: the guidance scale.
        steps: the number of solver steps, which is rounded.
        low: the lower end of the guided interval, as log2 of sigma / alpha.
        width: the width of the interval in the same units.
        gamma: the gamma of the ratio gain.
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
"""The range from which each setting is drawn uniformly."""


def sensitivity(
    measure: Callable[[Point], Mapping[str, float]],
    base: int,
    seed: int,
    on_done: Callable[[int, int], None],
) -> dict[str, Any]:
    """First- and total-order indices of every measure, with 95 % intervals.

    Args:
        measure: a function from a point to its values by name.
        base: Saltelli's n, a power of 2; d = 5 settings need 7 n points.
        seed: the seed of the settings.
        on_done: a function called with (points done, all points).

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
    """The indices with their half-widths, which SALib calls confidences."""
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
    """Write a picture of the total-order indices with a panel for each measure.

    An index is a share, so every panel goes from 0 to 1, and a longer interval is cut off there.

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
        axes.set_xlim(0, 1)
        axes.invert_yaxis()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)
