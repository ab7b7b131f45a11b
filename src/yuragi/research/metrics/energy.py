r"""Energy distance between two sets of samples: 0 if and only if their laws agree.

    2 E|X - Y| - E|X - X'| - E|Y - Y'|

Each mean runs over distinct samples, so the estimate is unbiased and may come out a little below
0. On the line it is a sum over order statistics; elsewhere distances are taken block by block.

References: Szekely & Rizzo 2013 (J. Stat. Plan. Inference 143.8), equation 2.1.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from yuragi.errors import InputError

__all__ = ["energy_distance"]

ROWS = 1024


def energy_distance(first: Tensor, second: Tensor) -> float:
    """Unbiased estimate from samples [n, *d] and [m, *d], computed in float64.

    Raises:
        InputError: fewer than two samples, or samples of different shapes.
    """
    for name, samples in (("first", first), ("second", second)):
        if len(samples) < 2 or samples.shape[1:] != first.shape[1:]:
            raise InputError(name, tuple(samples.shape), "two samples or more, of one shape")
    x, y = first.flatten(1).double(), second.flatten(1).double()
    distances = _on_the_line if x.shape[1] == 1 else _between
    n, m = len(x), len(y)
    within_x, within_y, across = distances(x, y)
    mean_within = within_x / (n * (n - 1)) + within_y / (m * (m - 1))
    return 2 * across / (n * m) - mean_within


def _between(x: Tensor, y: Tensor) -> tuple[float, float, float]:
    """Sums of distances: within x, within y (both orders of a pair), from x to y."""

    def total(a: Tensor, b: Tensor) -> float:
        # Differences, not |a|^2 - 2ab + |b|^2: the distance of a sample to itself is exactly 0.
        mode = "donot_use_mm_for_euclid_dist"
        blocks = torch.split(a, ROWS)
        return math.fsum(torch.cdist(rows, b, compute_mode=mode).sum().item() for rows in blocks)

    return total(x, x), total(y, y), total(x, y)


def _on_the_line(x: Tensor, y: Tensor) -> tuple[float, float, float]:
    """The same sums from order statistics."""

    def total(a: Tensor) -> float:
        ordered = a[:, 0].sort().values
        rank = torch.arange(len(a), dtype=a.dtype)
        return 2 * ((2 * rank - len(a) + 1) * ordered).sum().item()

    within_x, within_y = total(x), total(y)
    return within_x, within_y, (total(torch.cat([x, y])) - within_x - within_y) / 2
