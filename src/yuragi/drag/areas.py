"""Means of pictures and maps within regions."""

from __future__ import annotations

from torch import Tensor

__all__ = ["mean_absolute", "mean_within"]


def mean_within(values: Tensor, region: Tensor) -> Tensor:
    """Mean of maps [n, h, w] over a region of each, True where it counts; nowhere gives NaN."""
    inside = region.to(values)
    return (values * inside).flatten(1).sum(1) / inside.flatten(1).sum(1)


def mean_absolute(images: Tensor, truth: Tensor, region: Tensor) -> Tensor:
    """Mean absolute difference of every picture within its region, [n]; 0 to 2."""
    return mean_within((images - truth).double().abs().mean(1), region)
