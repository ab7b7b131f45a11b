r"""95 % intervals of a mean, and of a measure whose spread is known from resamples.

- `mean_interval`: m ± t s / sqrt(n), with Student's quantile t of n - 1 degrees of freedom. With
  few values, a bootstrap would give intervals that are too short, because it only repeats them.
- `spread_interval`: x ± 1.96 s with the standard deviation s of the resamples. It needs fewer
  resamples than their percentiles do, and their mean does not matter: the distance of half as many
  pictures, for example, is larger on average.

Reference: Efron & Tibshirani 1993, "An Introduction to the Bootstrap", chapter 12.
"""

from __future__ import annotations

from typing import NamedTuple

from scipy.special import stdtrit
from torch import Tensor

from yuragi.errors import InputError

__all__ = ["NORMAL", "Interval", "mean_interval", "spread_interval"]

NORMAL = 1.959964
"""The 0.975 quantile of the normal distribution."""


class Interval(NamedTuple):
    """A value with a 95 % interval."""

    value: float
    low: float
    high: float


def mean_interval(values: Tensor) -> Interval:
    """The mean of values [n], such as paired differences, with a 95 % interval.

    Raises:
        InputError: there are fewer than two values.
    """
    n = len(values)
    if n < 2:
        raise InputError("values", n, "two or more")
    found = values.double()
    mean, error = float(found.mean()), float(found.std()) / n**0.5
    far = float(stdtrit(n - 1, 0.975)) * error
    return Interval(mean, mean - far, mean + far)


def spread_interval(value: float, resampled: Tensor) -> Interval:
    """A value with a 95 % interval, from the values of resamples [draws]."""
    far = NORMAL * float(resampled.double().std())
    return Interval(value, value - far, value + far)
