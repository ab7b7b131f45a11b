"""The context in which requests run, and batches of their rows.

A row is one picture to make: (request, sample). Rows of similar requests run in one batch. Noise is
keyed by (seed, sample), so that each row has the same result as alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

import torch
from PIL import Image
from torch import Tensor, nn

from yuragi.core import NetworkDenoiser
from yuragi.models.familiarity import familiarity
from yuragi.models.model import DiffusionModel
from yuragi.tasks.base import Request
from yuragi.tasks.picture import PictureRef, picture_of

__all__ = ["BATCH", "Context", "Progress", "Row", "batches", "mask_cells", "one_or_each"]

Progress = Callable[[int, int], None]
"""A function called with (steps done, total steps); raise in it to cancel."""

BATCH = 8
"""The largest number of rows in a batch. It limits memory, and changes results by rounding only."""

R = TypeVar("R", bound=Request)
T = TypeVar("T")


@dataclass(frozen=True)
class Row(Generic[R]):
    """One picture to make.

    Attributes:
        of: the index of the request to which the row belongs.
        request: that request.
        sample: the index of the picture in that request.
    """

    of: int
    request: R
    sample: int


@dataclass(frozen=True)
class Context:
    """The context in which similar requests run.

    Attributes:
        model: the model of the requests.
        weak: the weaker model of autoguidance, if any.
        sources: the pictures of the requests by digest.
        on_progress: a function called after every solver step with (steps done, total steps).
        evaluations: a function that returns the network evaluations so far, counted in samples.
        latents: the start noise of the caller, if any.
        spent: the network evaluations by request; `charge` adds to it.
        bound: the denoisers by prompts; `bind` adds to it.
        known: the familiarity of pictures by digest; `familiarity` adds to it.
    """

    model: DiffusionModel
    weak: DiffusionModel | None
    sources: Mapping[str, Image.Image]
    on_progress: Progress
    evaluations: Callable[[], int]
    latents: Tensor | None = None
    spent: dict[int, float] = field(default_factory=dict)
    bound: dict[tuple[str, ...], NetworkDenoiser] = field(default_factory=dict)
    known: dict[str, float | None] = field(default_factory=dict)

    def picture(self, named: PictureRef) -> Image.Image:
        """The picture of a reference.

        Raises:
            InputError: the picture was not given.
        """
        return picture_of(named, self.sources)

    def bind(self, prompts: Sequence[str]) -> NetworkDenoiser:
        """The denoiser conditioned on the prompts of some rows; prompts are encoded once.

        Raises:
            InputError: the model does not support a prompt.
        """
        words = tuple(prompts)
        if words not in self.bound:
            self.bound[words] = self.model.bind(words)
        return self.bound[words]

    def familiarity(self, named: PictureRef) -> float | None:
        """How well the model knows a picture; see `yuragi.models.familiarity`.

        It is measured once per picture. Its evaluations are not part of a request's, because they
        do not contribute to the result.

        Raises:
            InputError: the picture was not given, or the model's calibration is damaged.
        """
        if named.digest not in self.known:
            self.known[named.digest] = familiarity(self.model, self.picture(named))
        return self.known[named.digest]

    def at(self, height: int, width: int) -> Context:
        """The context with the noise levels for pictures of this size in pixels.

        Raises:
            InputError: the size is larger than the network supports.
        """
        model = self.model.at(height, width)
        # Bound denoisers have the noise levels of another size.
        return self if model is self.model else replace(self, model=model, bound={})

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
        """Assign the evaluations inside the context to requests, in equal shares per row.

        Args:
            requests: the index of the request for each row.
        """
        before = self.evaluations()
        yield
        share = (self.evaluations() - before) / len(requests)
        for number in requests:
            self.spent[number] = self.spent.get(number, 0.0) + share


def batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """Split items into groups of at most `BATCH`."""
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def one_or_each(words: Sequence[str]) -> list[str]:
    """The prompts of rows: a single one if they are all equal, so that it is encoded once."""
    return list(words[:1]) if len(set(words)) == 1 else list(words)


def mask_cells(inside: Tensor, model: DiffusionModel) -> Tensor:
    """Convert a mask [b, 1, h, w] of pixels to cells; a cell can change if any pixel can."""
    rows, columns = model.codec.padding(*inside.shape[-2:])
    padded = nn.functional.pad(inside, (0, columns, 0, rows))
    cells: Tensor = nn.functional.max_pool2d(padded, model.codec.cell)
    return cells.to(torch.float32)
