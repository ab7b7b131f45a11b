"""Means of pictures and maps over regions."""

from __future__ import annotations

from torch import Tensor

__all__ = ["mean_absolute", "mean_within"]


def mean_within(values: Tensor, region: Tensor) -> Tensor:
    """The mean of each map [n, h, w] over its region; NaN for an empty region."""
    inside = region.to(values)
    return (values * inside).flatten(1).sum(1) / inside.flatten(1).sum(1)


def mean_absolute(images: Tensor, truth: Tensor, region: Tensor) -> Tensor:
    """The mean absolute difference of each picture over its region, [n], 0 to 2."""
    return mean_within((images - truth).double().abs().mean(1), region)
