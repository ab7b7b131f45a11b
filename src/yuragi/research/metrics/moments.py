r"""Mean and covariance in float64, updated with every batch and merged across workers.

With the count n, mean m and scatter S = sum (x - m)(x - m)^T, two parts merge exactly up to
rounding:

    n = n_a + n_b,   m = m_a + (m_b - m_a) n_b / n,
    S = S_a + S_b + (m_b - m_a)(m_b - m_a)^T n_a n_b / n

The formula does not subtract numbers as large as the sums themselves, so no digits are lost over
millions of pictures. `Statistics` keeps the moments of `BLOCKS` disjoint parts of the pictures,
assigned by picture number. Leaving out one part at a time gives an interval, and no feature has to
be stored.

References: Chan, Golub & LeVeque 1983 (The American Statistician 37.3), equation 2.1; Heusel et al.
2017 (arXiv 1706.08500), equation 6; Efron & Tibshirani 1993, chapter 11 (jackknife).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from yuragi.errors import InputError
from yuragi.research.metrics.frechet import Interval

__all__ = ["BLOCKS", "Moments", "Statistics", "frechet_of_moments"]

BLOCKS = 10
STUDENT = 2.2621571628
"""The 97.5 % point of Student's distribution with BLOCKS - 1 degrees of freedom."""


@dataclass(frozen=True)
class Moments:
    """The count, mean [d] and scatter [d, d] of features."""

    count: int
    mean: Tensor
    scatter: Tensor

    @classmethod
    def of(cls, features: Tensor) -> Moments:
        """The moments of features [n, d]; n may be 0."""
        rows = features.double()
        mean = rows.mean(0) if len(rows) else rows.new_zeros(rows.shape[1])
        centred = rows - mean
        return cls(len(rows), mean, centred.T @ centred)

    def __add__(self, other: object) -> Moments:
        if not isinstance(other, Moments):
            return NotImplemented
        count = self.count + other.count
        if not count:
            return self
        gap = other.mean - self.mean
        mean = self.mean + gap * (other.count / count)
        between = torch.outer(gap, gap) * (self.count * other.count / count)
        return Moments(count, mean, self.scatter + other.scatter + between)

    @property
    def covariance(self) -> Tensor:
        """The unbiased covariance [d, d].

        Raises:
            InputError: there are fewer than two pictures.
        """
        if self.count < 2:
            raise InputError("count", self.count, "2 pictures or more")
        return self.scatter / (self.count - 1)


def frechet_of_moments(a: Moments, b: Moments) -> float:
    """The Frechet distance between two sets of features, from their moments; 0 or more."""
    root = _root(a.covariance)
    cross = torch.linalg.eigvalsh(root @ b.covariance @ root).clamp(min=0).sqrt().sum()
    value = (a.mean - b.mean).square().sum() + a.covariance.trace() + b.covariance.trace()
    return max(float(value - 2 * cross), 0.0)


def _root(matrix: Tensor) -> Tensor:
    """The symmetric square root of a covariance, even if it is singular."""
    values, vectors = torch.linalg.eigh(matrix)
    root: Tensor = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    return root


@dataclass(frozen=True)
class Statistics:
    """Moments of disjoint parts of some pictures; picture k belongs to part k mod `BLOCKS`.

    Attributes:
        backend: the feature extractor, such as ``inception``.
        distance: the name of their Frechet distance, such as ``FID``.
        parts: the moments of each part.
    """

    backend: str
    distance: str
    parts: tuple[Moments, ...]

    @classmethod
    def empty(cls, backend: str, distance: str, width: int) -> Statistics:
        """Statistics without pictures, for features of this width."""
        return cls(
            backend, distance, tuple(Moments.of(torch.zeros(0, width)) for _ in range(BLOCKS))
        )

    def add(self, features: Tensor, numbers: Sequence[int]) -> Statistics:
        """The statistics with more pictures: features [n, d] and their numbers in the whole set."""
        part = torch.tensor(list(numbers)) % BLOCKS
        return Statistics(
            self.backend,
            self.distance,
            tuple(held + Moments.of(features[part == k]) for k, held in enumerate(self.parts)),
        )

    def __add__(self, other: object) -> Statistics:
        if not isinstance(other, Statistics):
            return NotImplemented
        if other.backend != self.backend:
            raise InputError("backend", other.backend, f"{self.backend}, as in the other part")
        return Statistics(
            self.backend,
            self.distance,
            tuple(a + b for a, b in zip(self.parts, other.parts, strict=True)),
        )

    @property
    def whole(self) -> Moments:
        """The moments of all pictures."""
        return reduce(Moments.__add__, self.parts)

    def frechet(self, reference: Statistics) -> Interval:
        """The distance to a reference, with a 95 % jackknife interval for the choice of pictures.

        Raises:
            InputError: the reference has other features, or there are too few pictures.
        """
        if reference.backend != self.backend:
            raise InputError("reference", reference.backend, f"statistics of {self.backend}")
        real = reference.whole
        value = frechet_of_moments(self.whole, real)
        without = [
            frechet_of_moments(reduce(Moments.__add__, self.parts[:k] + self.parts[k + 1 :]), real)
            for k in range(BLOCKS)
        ]
        spread = torch.tensor(without, dtype=torch.float64)
        error = ((BLOCKS - 1) * (spread - spread.mean()).square().mean()).sqrt().item()
        return Interval(value, value - STUDENT * error, value + STUDENT * error)

    def save(self, path: Path) -> None:
        """Write a file atomically."""
        tensors = {
            "count": torch.tensor([part.count for part in self.parts]),
            "mean": torch.stack([part.mean for part in self.parts]),
            "scatter": torch.stack([part.scatter for part in self.parts]),
        }
        partial = path.with_name(path.name + ".partial")
        save_file(tensors, partial, metadata={"backend": self.backend, "distance": self.distance})
        partial.replace(path)

    @classmethod
    def read(cls, path: Path) -> Statistics:
        """Read what `save` wrote.

        Raises:
            InputError: the file is not a file of statistics.
        """
        try:
            with safe_open(path, framework="pt") as file:
                held = [file.get_tensor(name) for name in ("count", "mean", "scatter")]
                names = [file.metadata()[name] for name in ("backend", "distance")]
        except (OSError, SafetensorError, KeyError, TypeError) as error:
            raise InputError("statistics", str(path), "a file of statistics") from error
        parts = (Moments(int(n), m, s) for n, m, s in zip(*held, strict=True))
        return cls(names[0], names[1], tuple(parts))
