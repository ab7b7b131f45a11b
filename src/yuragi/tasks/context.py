"""What every task is given to run with, and how its rows share batches.

A row is one picture to make: (request, sample). Rows of several requests run in one batch where the
requests are alike; noise is keyed by (seed, sample), so each row comes out as if it ran alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import torch
from PIL import Image
from torch import Tensor, nn

from yuragi.core import NetworkDenoiser
from yuragi.models.model import DiffusionModel
from yuragi.tasks.base import Request
from yuragi.tasks.picture import PictureRef, picture_of

__all__ = ["BATCH", "Context", "Progress", "Row", "batches", "mask_cells", "one_or_each"]

Progress = Callable[[int, int], None]
"""(steps done, steps in all); raise in it to cancel."""

BATCH = 8
"""Rows that run together: it bounds memory and changes a result only by rounding."""

R = TypeVar("R", bound=Request)
T = TypeVar("T")


@dataclass(frozen=True)
class Row(Generic[R]):
    """One picture to make.

    Attributes:
        of: which of the requests it belongs to.
        request: that request.
        sample: which of its pictures.
    """

    of: int
    request: R
    sample: int


@dataclass(frozen=True)
class Context:
    """What alike requests run on.

    Attributes:
        model: the model that they name.
        weak: the weaker model of autoguidance, if they name one.
        sources: the pictures that they name, by digest.
        on_progress: called after every solver step with (done, total).
        evaluations: network evaluations so far, counted in samples.
        latents: start noise that the caller gave, if any.
        spent: network evaluations by request; `charge` adds to it.
        bound: the model under prompts that it has read; `bind` adds to it.
    """

    model: DiffusionModel
    weak: DiffusionModel | None
    sources: Mapping[str, Image.Image]
    on_progress: Progress
    evaluations: Callable[[], int]
    latents: Tensor | None = None
    spent: dict[int, float] = field(default_factory=dict)
    bound: dict[tuple[str, ...], NetworkDenoiser] = field(default_factory=dict)

    def picture(self, named: PictureRef) -> Image.Image:
        """A picture that a request names.

        Raises:
            InputError: it is not there.
        """
        return picture_of(named, self.sources)

    def bind(self, prompts: Sequence[str]) -> NetworkDenoiser:
        """The model under the prompts of some rows; every set of prompts is read once.

        Raises:
            InputError: a prompt that the model has no condition for.
        """
        words = tuple(prompts)
        if words not in self.bound:
            self.bound[words] = self.model.bind(words)
        return self.bound[words]

    def ticker(self, total: int) -> Callable[[], None]:
        """A function to call after each of `total` steps."""
        done = 0

        def tick() -> None:
            nonlocal done
            done += 1
            self.on_progress(done, total)

        return tick

    @contextmanager
    def charge(self, *requests: int) -> Iterator[None]:
        """Charge the evaluations made inside to these requests, in equal shares.

        Args:
            requests: their numbers, once for each row.
        """
        before = self.evaluations()
        yield
        share = (self.evaluations() - before) / len(requests)
        for number in requests:
            self.spent[number] = self.spent.get(number, 0.0) + share


def batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Items in groups of at most `BATCH`."""
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def one_or_each(words: Sequence[str]) -> list[str]:
    """Prompts of rows: one for all where they are the same, so that it is encoded once."""
    return list(words[:1]) if len(set(words)) == 1 else list(words)


def mask_cells(inside: Tensor, model: DiffusionModel) -> Tensor:
    """A cell may change if any of its pixels may: (b, 1, h, w) pixels to cells."""
    rows, columns = model.codec.padding(*inside.shape[-2:])
    padded = nn.functional.pad(inside, (0, columns, 0, rows))
    cells: Tensor = nn.functional.max_pool2d(padded, model.codec.cell)
    return cells.to(torch.float32)
