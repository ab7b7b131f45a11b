"""Figures of a set of pictures, alone or compared with real pictures, from their features."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from yuragi.research.metrics.backends import Backend, Encoded
from yuragi.research.metrics.diversity import Neighbours, vendi
from yuragi.research.metrics.figure import Figure
from yuragi.research.metrics.frechet import frechet_distance
from yuragi.research.metrics.halves import half_sets
from yuragi.research.metrics.inception_score import inception_score
from yuragi.research.metrics.intervals import Interval, spread_interval
from yuragi.research.metrics.kernel import Kernels

__all__ = ["LIMIT", "Resampled", "SetMeasure", "resampled", "set_figures", "set_measures"]

LIMIT = 10_000
"""The largest number of pictures that are all compared with each other; a matrix of their distances
takes 0.8 GB."""


@dataclass(frozen=True)
class SetMeasure:
    """A measure of generated pictures.

    Attributes:
        n: the number of generated pictures that it uses, which are the first ones.
        against: the number of real pictures that it uses; 0 for a measure without real pictures.
        value: the function from indices of generated pictures, int64 [p] below `n`, to a value.
    """

    n: int
    against: int
    value: Callable[[Tensor], float]


def set_measures(backend: Backend, generated: Encoded, real: Encoded) -> Mapping[str, SetMeasure]:
    """All measures by name; neighbourhoods have `yuragi.research.metrics.diversity.K` pictures.

    Distances between finite sets and shares of neighbourhoods depend on the number of pictures. So
    intervals place the spread of the halves around the value of all pictures, and not around the
    mean of the halves.

    Raises:
        InputError: there are too few pictures.
    """
    fake, true, logits = generated.features, real.features, generated.logits
    first, some = fake[:LIMIT], _spread(true)
    seen, kernels = Neighbours.between(first, some), Kernels.between(first, some)

    def by_pairs(value: Callable[[Tensor], float]) -> SetMeasure:
        return SetMeasure(len(first), len(some), value)

    found = {
        backend.distance: SetMeasure(
            len(fake), len(true), lambda picked: frechet_distance(fake[picked], true)
        ),
        "KID": by_pairs(kernels.of),
        "precision": by_pairs(lambda picked: seen.of(picked).precision),
        "recall": by_pairs(lambda picked: seen.of(picked).recall),
        "density": by_pairs(lambda picked: seen.of(picked).density),
        "coverage": by_pairs(lambda picked: seen.of(picked).coverage),
        "Vendi": SetMeasure(len(fake), 0, lambda picked: vendi(fake[picked])),
    }
    if logits is not None:
        found["IS"] = SetMeasure(len(fake), 0, lambda picked: inception_score(logits[picked]))
    return found


def _spread(rows: Tensor) -> Tensor:
    """At most `LIMIT` rows, evenly spread, because folders of real pictures are often sorted."""
    n = len(rows)
    return rows if n <= LIMIT else rows[torch.arange(LIMIT) * n // LIMIT]


@dataclass(frozen=True)
class Resampled:
    """The value of a measure for all pictures, and for random halves of them [draws]."""

    value: float
    halves: Tensor

    @property
    def interval(self) -> Interval:
        """The value with its 95 % interval."""
        return spread_interval(self.value, self.halves)


def resampled(measure: SetMeasure, draws: int) -> Resampled:
    """A measure of all its pictures and of halves, which are the same for equal n and draws."""
    halves = [measure.value(half) for half in half_sets(measure.n, draws)]
    value = measure.value(torch.arange(measure.n))
    return Resampled(value, torch.tensor(halves, dtype=torch.float64))


def set_figures(
    backend: Backend,
    generated: Encoded,
    real: Encoded,
    seeds: Callable[[int], str],
    draws: int,
) -> Sequence[Figure]:
    """Every measure of a set as a figure.

    Args:
        backend: the feature extractor.
        generated: the features of the measured pictures.
        real: the features of real pictures.
        seeds: a function from a number to the seeds of so many of the measured pictures, from the
            first one on.
        draws: the number of random halves for the intervals.

    Raises:
        InputError: there are too few pictures.
    """
    return [
        Figure.of(
            name,
            resampled(measure, draws).interval,
            measure.n,
            measure.against,
            backend.name,
            seeds(measure.n),
        )
        for name, measure in set_measures(backend, generated, real).items()
    ]
