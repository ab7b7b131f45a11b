"""Figures of a set of pictures, alone or compared with real pictures, from their features."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from yuragi.research.metrics.backends import Backend, Encoded
from yuragi.research.metrics.diversity import Neighbours, vendi
from yuragi.research.metrics.figure import Figure
from yuragi.research.metrics.frechet import Interval, bootstrap_interval, frechet_distance
from yuragi.research.metrics.halves import DRAWS, half_sets
from yuragi.research.metrics.inception_score import inception_score
from yuragi.research.metrics.kernel import Kernels

__all__ = ["ALONE", "Resampled", "SetMeasure", "resampled", "set_figures", "set_measures"]

SetMeasure = Callable[[Tensor], float]
"""A function from indices of generated pictures, int64 [p], to a value."""

ALONE = ("Vendi", "IS", "accuracy")
"""The measures that do not use real pictures."""


def set_measures(backend: Backend, generated: Encoded, real: Encoded) -> Mapping[str, SetMeasure]:
    """All measures by name; neighbourhoods have `yuragi.research.metrics.diversity.K` pictures.

    Distances between finite sets and shares of neighbourhoods depend on the number of pictures. So
    intervals place the spread of the halves around the value of all pictures, and not around the
    mean of the halves.
    """
    seen = Neighbours.between(generated.features, real.features)
    kernels = Kernels.between(generated.features, real.features)
    fake, true = generated.features, real.features
    found: dict[str, SetMeasure] = {
        backend.distance: lambda picked: frechet_distance(fake[picked], true),
        "KID": kernels.of,
        "precision": lambda picked: seen.of(picked).precision,
        "recall": lambda picked: seen.of(picked).recall,
        "density": lambda picked: seen.of(picked).density,
        "coverage": lambda picked: seen.of(picked).coverage,
        "Vendi": lambda picked: vendi(fake[picked]),
    }
    logits = generated.logits
    if logits is not None:
        found["IS"] = lambda picked: inception_score(logits[picked])
    return found


@dataclass(frozen=True)
class Resampled:
    """The value of a measure for all pictures, and for random halves of them [draws]."""

    value: float
    halves: Tensor

    @property
    def interval(self) -> Interval:
        """The value with its 95 % interval."""
        return bootstrap_interval(self.value, self.halves)


def resampled(measure: SetMeasure, n: int, draws: int = DRAWS, seed: int = 0) -> Resampled:
    """A measure of n pictures and of halves, which are the same for equal n, draws and seed."""
    halves = [measure(half) for half in half_sets(n, draws, seed)]
    return Resampled(measure(torch.arange(n)), torch.tensor(halves, dtype=torch.float64))


def set_figures(
    backend: Backend, generated: Encoded, real: Encoded, seeds: str, draws: int = DRAWS
) -> Sequence[Figure]:
    """Every measure of a set as a figure.

    Args:
        backend: the feature extractor.
        generated: the features of the measured pictures.
        real: the features of real pictures.
        seeds: the seeds of the measured pictures.
        draws: the number of random halves for the intervals.

    Raises:
        InputError: there are too few pictures.
    """
    n, m = len(generated.features), len(real.features)
    return [
        Figure.of(
            name,
            resampled(measure, n, draws).interval,
            n,
            0 if name in ALONE else m,
            backend.name,
            seeds,
        )
        for name, measure in set_measures(backend, generated, real).items()
    ]
