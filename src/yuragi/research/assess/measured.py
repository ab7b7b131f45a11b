"""The values of a point for sensitivity: quality, diversity, accuracy and cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import fmean

from yuragi.errors import InputError
from yuragi.research.metrics.diversity import coverage
from yuragi.research.metrics.frechet import frechet_distance
from yuragi.research.sweep.draw import Sampler
from yuragi.research.sweep.grid import Point
from yuragi.research.sweep.looked import looked_at
from yuragi.research.sweep.real import Real

__all__ = ["measured_point"]


def measured_point(sampler: Sampler, real: Real, n: int) -> Callable[[Point], Mapping[str, float]]:
    """A function from a point to its values, always with the same n seeds and prompts.

    Raises:
        InputError: there is no judge of whether a picture shows its prompt.
    """
    if real.right is None:
        raise InputError("features", real.backend.name, "a classifier of the model's classes")

    def measure(point: Point) -> Mapping[str, float]:
        looked = looked_at(point, sampler, real, n)
        features, true = looked.seen.features, real.seen.features
        return {
            real.backend.distance: frechet_distance(features, true),
            "coverage": coverage(features, true),
            "accuracy": float(looked.right.mean()),
            "cost": fmean(each.cost for each in looked.spent),
        }

    return measure
