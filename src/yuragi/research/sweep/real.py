"""What the pictures of a sweep are compared with: real pictures, or only their statistics."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from yuragi.errors import InputError
from yuragi.research.measure.sets import SetMeasure, set_measures
from yuragi.research.metrics.backends import Backend, Encoded, encode_all, extractor
from yuragi.research.metrics.levels import levels_of
from yuragi.research.metrics.moments import Moments, Statistics, frechet_of_moments

__all__ = ["Judge", "Real", "RealStatistics", "Reference"]


@dataclass(frozen=True)
class Judge:
    """A network that scores how much of its prompt each picture shows.

    Attributes:
        score: the function from pictures [b, 3, h, w] in [-1, 1] and their prompts to [b] in
            [0, 1].
        weights: a fingerprint of its weights.
    """

    score: Callable[[Tensor, Sequence[str]], Tensor]
    weights: str

    def __call__(self, images: Tensor, prompts: Sequence[str]) -> Tensor:
        """How much of its prompt each of the pictures [b, 3, h, w] shows, [b] in [0, 1]."""
        return self.score(images, prompts)


class Reference(Protocol):
    """What generated pictures are compared with, and how."""

    @property
    def backend(self) -> Backend:
        """The feature extractor of real and generated pictures."""

    @property
    def digest(self) -> str:
        """A digest of the pixels of the real pictures."""

    @property
    def right(self) -> Judge | None:
        """The judge of generated pictures, if there is one."""

    def measures(self, generated: Encoded) -> Mapping[str, SetMeasure]:
        """The measures of generated pictures by name; the first one is the Frechet distance."""


@dataclass(frozen=True)
class Real:
    """Real pictures with their features, which are computed once.

    Attributes:
        backend: the feature extractor, which is also used for generated pictures.
        seen: the features of the pictures.
        digest: a digest of their pixels, which are the same on every processor, unlike features.
        right: the judge of generated pictures; None if there is none.
    """

    backend: Backend
    seen: Encoded
    digest: str
    right: Judge | None = None

    @classmethod
    def of(cls, backend: Backend, batches: Iterable[Tensor], right: Judge | None = None) -> Real:
        """Compute the features of batches of pictures [b, 3, h, w] in [-1, 1]."""
        digest = hashlib.blake2b(digest_size=8)

        def hashed() -> Iterator[Tensor]:
            for batch in batches:
                digest.update(levels_of(batch).contiguous().numpy().tobytes())
                yield batch

        return cls(backend, encode_all(backend, hashed()), digest.hexdigest(), right)

    def measures(self, generated: Encoded) -> Mapping[str, SetMeasure]:
        """All measures of sets by name."""
        return set_measures(self.backend, generated, self.seen)


@dataclass(frozen=True)
class RealStatistics:
    """Statistics of real pictures, to which only the Frechet distance can be measured.

    Attributes:
        backend: the feature extractor of generated pictures.
        statistics: the statistics of the real pictures, by the same feature extractor.
        right: the judge of generated pictures; None if there is none.

    Raises:
        InputError: the statistics are those of another feature extractor.
    """

    backend: Backend
    statistics: Statistics
    right: Judge | None = None

    def __post_init__(self) -> None:
        theirs, ours = self.statistics.extractor, extractor(self.backend.name, self.backend.weights)
        if theirs != ours:
            raise InputError("real", theirs, f"statistics of {ours}")

    @property
    def digest(self) -> str:
        """A digest of the pixels of the real pictures."""
        return f"{self.statistics.digest:016x}"

    def measures(self, generated: Encoded) -> Mapping[str, SetMeasure]:
        """The Frechet distance by its name."""
        features, whole = generated.features, self.statistics.whole

        def distance(picked: Tensor) -> float:
            return frechet_of_moments(Moments.of(features[picked]), whole)

        return {self.backend.distance: SetMeasure(len(features), whole.count, distance)}
