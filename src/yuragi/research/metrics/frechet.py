r"""Frechet distance between two sets of features, with bootstrap intervals.

    d = |m_a - m_b|^2 + tr C_a + tr C_b - 2 tr (C_a C_b)^{1/2}

With centred feature matrices A [n, d] and B [m, d], the last trace is the nuclear norm of A B^T
divided by sqrt((n - 1)(m - 1)). If there are more pictures than features, the same singular values
are computed from the triangular factors of A and B, which are d x d. The distance between finite
sets is biased upwards, so compare sets of the same size, and use the distance between two sets of
real pictures as a reference.

References: Heusel et al. 2017 (arXiv 1706.08500), equation 6; Efron & Tibshirani 1993, "An
Introduction to the Bootstrap", chapter 13 (percentile intervals).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from yuragi.errors import InputError

__all__ = [
    "Interval",
    "bootstrap_interval",
    "frechet_distance",
    "frechet_interval",
    "resampled_frechet",
]

RESAMPLES = 200


class Interval(NamedTuple):
    """A value with a 95 % bootstrap interval."""

    value: float
    low: float
    high: float


def frechet_distance(a: Tensor, b: Tensor) -> float:
    """The distance between features a [n, d] and b [m, d]; 0 or more, in squared feature units.

    Raises:
        InputError: there are fewer than two rows, or the widths differ.
    """
    if a.ndim != 2 or b.ndim != 2 or min(len(a), len(b)) < 2 or a.shape[1] != b.shape[1]:
        shapes = (tuple(a.shape), tuple(b.shape))
        raise InputError("features", shapes, "[n, d] and [m, d] with n, m of 2 or more")
    a, b = a.double(), b.double()
    mean_a, mean_b = a.mean(0), b.mean(0)
    a, b = (a - mean_a) / (len(a) - 1) ** 0.5, (b - mean_b) / (len(b) - 1) ** 0.5
    if min(len(a), len(b)) > a.shape[1]:
        cross = torch.linalg.svdvals(_triangle(a) @ _triangle(b).T).sum()
    else:
        cross = torch.linalg.svdvals(a @ b.T).sum()
    value = (mean_a - mean_b).square().sum() + a.square().sum() + b.square().sum() - 2 * cross
    return max(float(value), 0.0)


def _triangle(rows: Tensor) -> Tensor:
    """R [d, d] of the decomposition rows = Q R, so that R^T R = rows^T rows."""
    triangle: Tensor = torch.linalg.qr(rows, mode="r").R
    return triangle


def resampled_frechet(generated: Tensor, real: Tensor) -> Tensor:
    """The distances of resamples of the generated pictures, [`RESAMPLES`] float64.

    Sets of equal size are resampled in the same way, so that the distances of two sets that were
    drawn from the same prompts and noise are paired, resample by resample.

    Args:
        generated: the features of the generated pictures, [n, d].
        real: the features of the real pictures, [m, d], which are not resampled.
    """
    generator = torch.Generator().manual_seed(0)
    n = len(generated)
    values = [
        frechet_distance(generated[torch.randint(n, (n,), generator=generator)], real)
        for _ in range(RESAMPLES)
    ]
    return torch.tensor(values, dtype=torch.float64)


def bootstrap_interval(value: float, resampled: Tensor) -> Interval:
    """A 95 % interval around a value, from the values of resamples [draws].

    Resampling with replacement reduces the spread of a set and therefore shifts a distance. So the
    percentiles are taken relative to the mean of the resamples, and placed around the value.
    """
    spread = resampled.double() - resampled.double().mean()
    low, high = torch.quantile(spread, torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return Interval(value, value + low, value + high)


def frechet_interval(generated: Tensor, real: Tensor) -> Interval:
    """The distance of features [n, d] to features [m, d], with its interval."""
    value = frechet_distance(generated, real)
    return bootstrap_interval(value, resampled_frechet(generated, real))
