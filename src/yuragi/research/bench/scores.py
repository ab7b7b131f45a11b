"""Helpers for benchmarks with a known truth: changed pixels, means and paired differences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from torch import Tensor

from yuragi.research.metrics.intervals import mean_interval

__all__ = ["Scores", "changed", "contrast", "means", "summary"]

Scores: TypeAlias = Mapping[str, Tensor]
"""Values by metric, [n]: one per picture, NaN where a picture has none."""

DIFFERS = 8 / 127.5
"""A pixel belongs to the change where a channel differs by more than 8 of 255 levels."""


def changed(before: Tensor, truth: Tensor) -> Tensor:
    """[n, h, w], True where pictures [n, 3, h, w] in [-1, 1] differ."""
    return ((before - truth).abs() > DIFFERS).any(1)


def means(scores: Scores) -> dict[str, float]:
    """The mean of every metric."""
    return {name: values.nanmean().item() for name, values in scores.items()}


def summary(scores: Scores) -> dict[str, Any]:
    """The means, and under ``intervals`` the ends of their 95 % intervals for the choice of cases.

    A metric with fewer than two values has no interval.
    """
    known = {name: values[~values.isnan()] for name, values in scores.items()}
    found = {name: mean_interval(values) for name, values in known.items() if len(values) > 1}
    return means(scores) | {"intervals": {name: [at.low, at.high] for name, at in found.items()}}


def contrast(of: Scores, to: Scores) -> dict[str, Any]:
    """Paired differences ``of - to`` with 95 % intervals, of metrics with two values or more."""
    apart = {name: values - to[name] for name, values in of.items()}
    known = {name: values[~values.isnan()] for name, values in apart.items()}
    return {name: mean_interval(each)._asdict() for name, each in known.items() if len(each) > 1}
