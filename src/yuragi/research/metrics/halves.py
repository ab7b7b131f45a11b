r"""Intervals from random halves of the pictures, for measures that repeated pictures would bias.

A bootstrap draws pictures with replacement. To distances to nearest neighbours, effective numbers
of different pictures and U-statistics, every repeated picture is then a perfect neighbour. Halves
that are drawn without replacement have no repeats. For a measure that is a mean to first order,

    Var(half | data) = s^2 / (n / 2) (1 - 1 / 2) = s^2 / n = Var(whole),

so the spread of the halves equals the spread of the whole set, without a factor.

References: Shao & Wu 1989 (Annals of Statistics 17.3), delete-d jackknife with d = n / 2; Politis,
Romano & Wolf 1999, "Subsampling", section 2.3.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from yuragi.errors import InputError
from yuragi.research.metrics.intervals import Interval, spread_interval

__all__ = ["DRAWS", "half_sets", "halves_interval"]

DRAWS = 100


def half_sets(n: int, draws: int = DRAWS) -> Tensor:
    """The indices of the pictures, out of n, in each random half, int64 [draws, n // 2].

    Equal n give equal halves, so that two arms that were made from the same seeds can be compared
    half by half.

    Raises:
        InputError: there are fewer than 4 pictures.
    """
    if n < 4:
        raise InputError("n", n, "4 pictures or more for an interval")
    generator = torch.Generator().manual_seed(0)
    return torch.stack([torch.randperm(n, generator=generator)[: n // 2] for _ in range(draws)])


def halves_interval(measure: Callable[[Tensor], float], rows: Tensor) -> Interval:
    """A measure of rows [n, ...] with a 95 % interval for the choice of the rows.

    Args:
        measure: a function from rows to a value; any reference in it is not resampled.
        rows: one row per picture.

    Raises:
        InputError: there are fewer than 4 rows.
    """
    halves = half_sets(len(rows))
    found = torch.tensor([measure(rows[half]) for half in halves], dtype=torch.float64)
    return spread_interval(measure(rows), found)
