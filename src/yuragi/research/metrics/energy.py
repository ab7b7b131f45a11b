r"""Energy distance between two sets of samples: 0 if and only if their distributions are equal.

    2 E|X - Y| - E|X - X'| - E|Y - Y'|

Each mean is over distinct samples, so the estimate is unbiased and can be slightly below 0. In one
dimension it is a sum over order statistics; otherwise distances are computed block by block.

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
    """The unbiased estimate from samples [n, *d] and [m, *d], computed in float64.

    Raises:
        InputError: there are fewer than two samples, or their shapes differ.
    """
    for name, samples in (("first", first), ("second", second)):
        if len(samples) < 2 or samples.shape[1:] != first.shape[1:]:
            raise InputError(name, tuple(samples.shape), "two samples or more, of the same shape")
    x, y = first.flatten(1).double(), second.flatten(1).double()
    distances = _on_the_line if x.shape[1] == 1 else _between
    n, m = len(x), len(y)
    within_x, within_y, across = distances(x, y)
    mean_within = within_x / (n * (n - 1)) + within_y / (m * (m - 1))
    return 2 * across / (n * m) - mean_within


def _between(x: Tensor, y: Tensor) -> tuple[float, float, float]:
    """The sums of distances within x and within y (each pair counts twice), and from x to y."""

    def total(a: Tensor, b: Tensor) -> float:
        # Use differences, not |a|^2 - 2ab + |b|^2, so that a sample's distance to itself is 0.
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
