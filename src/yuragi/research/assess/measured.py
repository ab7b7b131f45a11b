"""The values of a point for sensitivity: quality, diversity, right classes and cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import fmean

import torch

from yuragi.errors import InputError
from yuragi.research.metrics.diversity import coverage
from yuragi.research.metrics.frechet import frechet_distance
from yuragi.research.sweep.draw import Sampler
from yuragi.research.sweep.grid import Point
from yuragi.research.sweep.run import Real

__all__ = ["measured_point"]


def measured_point(sampler: Sampler, real: Real, n: int) -> Callable[[Point], Mapping[str, float]]:
    """A function from a point to its values, each time on the same n seeds and prompts.

    Raises:
        InputError: the backend is no classifier of the model's classes.
    """
    if real.accuracy is None:
        raise InputError("features", real.backend.name, "a classifier of the model's classes")
    right = real.accuracy

    def measure(point: Point) -> Mapping[str, float]:
        parts = [(real.backend.encode(images), spent) for images, spent in sampler.drawn(point, n)]
        features = torch.cat([seen.features for seen, _ in parts])
        logits = torch.cat([seen.logits for seen, _ in parts if seen.logits is not None])
        prompts = [sampler.prompts[k % len(sampler.prompts)] for k in range(n)]
        return {
            real.backend.distance: frechet_distance(features, real.seen.features),
            "coverage": coverage(features, real.seen.features),
            "accuracy": float(right(logits, prompts).double().mean()),
            "cost": fmean(spent.cost for _, spent in parts),
        }

    return measure
