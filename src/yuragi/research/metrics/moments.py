r"""Mean and covariance in float64, updated with every batch and merged across workers.

With the count n, mean m and scatter S = sum (x - m)(x - m)^T, two parts merge exactly up to
rounding:

    n = n_a + n_b,   m = m_a + (m_b - m_a) n_b / n,
    S = S_a + S_b + (m_b - m_a)(m_b - m_a)^T n_a n_b / n

The formula does not subtract numbers as large as the sums themselves, so no digits are lost over
millions of pictures. `Statistics` keeps the moments of `BLOCKS` disjoint parts of the pictures.
Leaving out one part at a time gives an interval, and no feature has to be stored. A digest of its
pixels decides the part of a picture, so the interval does not depend on how pictures were shared
out over workers.

With g parts of m_j pictures, n in all, and the value v_j without part j, the variance of a value v
is, for h_j = n / m_j and the pseudo-values u_j = h_j v - (h_j - 1) v_j,

    1 / g sum_j (u_j - sum_i u_i / h_i)^2 / (h_j - 1).

References: Chan, Golub & LeVeque 1983 (The American Statistician 37.3), equation 2.1; Heusel et al.
2017 (arXiv 1706.08500), equation 6; Busing, Meijer & van der Leeden 1999 (Statistics and Computing
9.1; the delete-m jackknife of parts of different sizes).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from scipy.special import stdtrit
from torch import Tensor

from yuragi.errors import InputError
from yuragi.research.files import save_whole
from yuragi.research.metrics.backends import Backend, extractor
from yuragi.research.metrics.intervals import Interval

__all__ = ["BLOCKS", "Moments", "Statistics", "frechet_of_moments"]

BLOCKS = 10


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

    @cached_property
    def root(self) -> Tensor:
        """The symmetric square root of the covariance, even if it is singular.

        Raises:
            InputError: there are fewer than two pictures.
        """
        values, vectors = torch.linalg.eigh(self.covariance)
        root: Tensor = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
        return root


def frechet_of_moments(a: Moments, b: Moments) -> float:
    """The Frechet distance between two sets of features, from their moments; 0 or more.

    The root of `b` is kept, so that the distances of many sets to one reference are faster.

    Raises:
        InputError: there are fewer than two pictures in a set.
    """
    cross = torch.linalg.eigvalsh(b.root @ a.covariance @ b.root).clamp(min=0).sqrt().sum()
    value = (a.mean - b.mean).square().sum() + a.covariance.trace() + b.covariance.trace()
    return max(float(value - 2 * cross), 0.0)


@dataclass(frozen=True)
class Statistics:
    """Moments of disjoint parts of some pictures; a picture belongs to part digest mod `BLOCKS`.

    Attributes:
        backend: the feature extractor, such as ``inception``.
        weights: the fingerprint of its weights.
        distance: the name of their Frechet distance, such as ``FID``.
        parts: the moments of each part.
        digest: a digest of the pixels of all pictures in any order: the sum of their digests modulo
            2^64.
    """

    backend: str
    weights: str
    distance: str
    parts: tuple[Moments, ...]
    digest: int

    @classmethod
    def of(cls, backend: Backend, features: Tensor, digests: Sequence[int]) -> Statistics:
        """The statistics of pictures with features [n, d] and these digests (`digests_of`)."""
        part = torch.tensor([digest % BLOCKS for digest in digests])
        parts = tuple(Moments.of(features[part == k]) for k in range(BLOCKS))
        return cls(backend.name, backend.weights, backend.distance, parts, _sum(*digests))

    def __add__(self, other: object) -> Statistics:
        if not isinstance(other, Statistics):
            return NotImplemented
        if other.extractor != self.extractor:
            raise InputError("backend", other.extractor, f"{self.extractor}, as in the other part")
        return replace(
            self,
            parts=tuple(a + b for a, b in zip(self.parts, other.parts, strict=True)),
            digest=_sum(self.digest, other.digest),
        )

    @property
    def extractor(self) -> str:
        """The feature extractor in words."""
        return extractor(self.backend, self.weights)

    @property
    def whole(self) -> Moments:
        """The moments of all pictures."""
        return reduce(Moments.__add__, self.parts)

    def frechet(self, real: Statistics) -> Interval:
        """The distance to real pictures, with a 95 % jackknife interval for the choice of pictures.

        Raises:
            InputError: the real pictures have other features, or there are too few pictures.
        """
        if real.extractor != self.extractor:
            raise InputError("real", real.extractor, f"statistics of {self.extractor}")
        reference, whole = real.whole, self.whole
        held = [part for part in self.parts if part.count]
        if len(held) < 2:
            allowed = "enough for an interval, at least 2 that fall into different parts"
            raise InputError("pictures", whole.count, allowed)
        value = frechet_of_moments(whole, reference)
        without = [
            frechet_of_moments(reduce(Moments.__add__, held[:k] + held[k + 1 :]), reference)
            for k in range(len(held))
        ]
        error = _jackknife_error(value, without, [part.count for part in held])
        # The width is that of Student's distribution, because so few parts give the error.
        half = float(stdtrit(len(held) - 1, 0.975)) * error
        return Interval(value, value - half, value + half)

    def save(self, path: Path) -> None:
        """Write a file atomically."""
        tensors = {
            "count": torch.tensor([part.count for part in self.parts]),
            "mean": torch.stack([part.mean for part in self.parts]),
            "scatter": torch.stack([part.scatter for part in self.parts]),
        }
        told = {
            "backend": self.backend,
            "weights": self.weights,
            "distance": self.distance,
            "digest": str(self.digest),
        }
        save_whole(tensors, path, told)

    @classmethod
    def read(cls, path: Path, argument: str = "statistics") -> Statistics:
        """Read what `save` wrote.

        Args:
            path: the file.
            argument: the name of the argument in errors.

        Raises:
            InputError: the file is not a file of statistics.
        """
        try:
            with safe_open(path, framework="pt") as file:
                held = [file.get_tensor(name) for name in ("count", "mean", "scatter")]
                told = file.metadata()
            backend, weights, distance = (told[key] for key in ("backend", "weights", "distance"))
            digest = int(told["digest"])
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            allowed = "a file of statistics that this version of Yuragi wrote"
            raise InputError(argument, str(path), allowed) from error
        parts = (Moments(int(n), m, s) for n, m, s in zip(*held, strict=True))
        return cls(backend, weights, distance, tuple(parts), digest)


def _sum(*digests: int) -> int:
    return sum(digests) % 2**64


def _jackknife_error(value: float, without: Sequence[float], sizes: Sequence[int]) -> float:
    """The standard error of a value, from the values without one part each."""
    shares = torch.tensor(sizes, dtype=torch.float64) / sum(sizes)
    pseudo = (value - (1 - shares) * torch.tensor(without, dtype=torch.float64)) / shares
    spread = (pseudo - (shares * pseudo).sum()).square() * shares / (1 - shares)
    return spread.mean().sqrt().item()
