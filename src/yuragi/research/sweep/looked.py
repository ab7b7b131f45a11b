"""What is computed of the pictures of a point: their features, scores and costs, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor

from yuragi.research.metrics.backends import Encoded, encode_all
from yuragi.research.sweep.draw import Sampler, Spent
from yuragi.research.sweep.grid import Point
from yuragi.research.sweep.real import Reference

__all__ = ["Keep", "Looked", "looked_at"]


@dataclass(frozen=True)
class Looked:
    """The features, scores and costs of n pictures.

    Attributes:
        seen: the features of the pictures.
        right: how much of its prompt each picture shows, [n] in [0, 1]; empty if there is no judge.
        clipped: the share of the channel values of each picture that are at the ends of their
            range or beyond, [n] in [0, 1].
        spent: the cost of each picture.
    """

    seen: Encoded
    right: Tensor
    clipped: Tensor
    spent: Sequence[Spent]

    @classmethod
    def joined(cls, parts: Sequence[Looked]) -> Looked:
        """The pictures of all parts, in their order."""
        return cls(
            Encoded.joined([part.seen for part in parts]),
            torch.cat([part.right for part in parts]),
            torch.cat([part.clipped for part in parts]),
            [each for part in parts for each in part.spent],
        )


Keep: TypeAlias = Callable[[str, Callable[[], Looked]], Looked]
"""`(name of the batch, how to make it) -> batch`, which may be read from where it is kept."""


def looked_at(
    point: Point,
    sampler: Sampler,
    real: Reference,
    n: int,
    on_made: Callable[[int], None] = lambda made: None,
    keep: Keep = lambda name, make: make(),
) -> Looked:
    """Draw the n pictures of a point, and compute their features and scores.

    Args:
        point: the settings.
        sampler: the model with prompts and seeds.
        real: the feature extractor and the judge.
        n: the number of pictures.
        on_made: a function called after each batch with the number of pictures made so far.
        keep: where finished batches are kept; by default nowhere.

    Raises:
        InputError: a setting does not fit the model.
    """
    parts = list[Looked]()
    for numbers in sampler.batches(n):
        name = f"{numbers.start}-{numbers.stop - 1}-{sampler.digest(numbers)}"
        parts.append(keep(name, partial(_batch, point, sampler, real, numbers)))
        on_made(numbers.stop)
    return Looked.joined(parts)


def _batch(point: Point, sampler: Sampler, real: Reference, numbers: range) -> Looked:
    images, spent = sampler.draw(point, numbers)
    right = torch.zeros(0)
    if real.right is not None:
        right = real.right(images, [sampler.prompt(number) for number in numbers])
    clipped = (images.abs() >= 1).double().flatten(1).mean(1)
    seen = encode_all(real.backend, [images])
    return Looked(seen, right.double(), clipped, [spent] * len(numbers))
