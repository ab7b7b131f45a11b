"""The context in which requests run, and batches of their rows.

A row is one picture to make: (request, sample). Rows of similar requests run in one batch. Noise is
keyed by (seed, sample), so that each row gives the same result as it would alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Generic, TypeVar

import torch
from PIL import Image
from torch import Tensor, nn

from yuragi.core import NetworkDenoiser
from yuragi.models.familiarity import familiarity
from yuragi.models.model import DiffusionModel
from yuragi.tasks.base import Request
from yuragi.tasks.picture import PictureRef, picture_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "BATCH",
    "Context",
    "Keep",
    "Progress",
    "Row",
    "Ticker",
    "batches",
    "made_now",
    "mask_cells",
    "one_or_each",
]

Progress = Callable[[int, int], None]
"""A function called with (steps done, total steps). It can raise an exception to cancel the run."""

Keep = Callable[[Callable[[], Sequence[Tensor]]], Sequence[Tensor]]
"""A function that returns what its argument makes, or what it made in an earlier attempt.

Every attempt requests the parts of a run in the same order. See `Context.kept`.
"""


def made_now(make: Callable[[], Sequence[Tensor]]) -> Sequence[Tensor]:
    """Make the part now, and store nothing."""
    return make()


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


@dataclass
class Ticker:
    """A counter to call after each of `total` steps.

    Attributes:
        on_progress: a function called with (steps done, total steps).
        total: the number of all steps.
        done: the number of steps so far.
    """

    on_progress: Progress
    total: int
    done: int = 0

    def __call__(self) -> None:
        self.skip(1)

    def skip(self, steps: int) -> None:
        """Count steps that did not have to run."""
        if steps:
            self.done += steps
            self.on_progress(self.done, self.total)


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
        areas: the areas [h, w] that drags cut out, by request as JSON, or None if the
            picture bends; `yuragi.tasks.warping` adds to it.
        keep: keeps the parts of a long run; see `kept`.
        spared: the network evaluations that reusing parts has saved; `kept` adds to it.
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
    areas: dict[str, NDArray[np.bool_] | None] = field(default_factory=dict)
    keep: Keep = made_now
    spared: list[float] = field(default_factory=list)

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
        if model is self.model:
            return self
        weak = None if self.weak is None else self.weak.at(height, width)
        # Bound denoisers have the noise levels of another size.
        return replace(self, model=model, weak=weak, bound={})

    def ticker(self, total: int) -> Ticker:
        """A function to call after each of `total` steps."""
        return Ticker(self.on_progress, total)

    def kept(self, tick: Ticker, make: Callable[[], Sequence[Tensor]]) -> Sequence[Tensor]:
        """A part of the run, which an interrupted attempt may already have made.

        Args:
            tick: counts the steps of the run.
            make: makes the tensors of the part.

        Returns:
            the tensors on the model's device. Steps and evaluations are counted as if the part had
            just been made.
        """
        begun, spent = tick.done, self.evaluations()

        def counted() -> Sequence[Tensor]:
            # Contiguous, so that later steps compute the same on tensors that were stored.
            made = [each.contiguous() for each in make()]
            counts = [tick.done - begun, self.evaluations() - spent]
            return [*made, torch.tensor(counts, dtype=torch.float64)]

        *made, counts = self.keep(counted)
        steps, evaluations = counts.tolist()
        tick.skip(int(steps) - (tick.done - begun))
        self.spared.append(evaluations - (self.evaluations() - spent))
        return [each.to(self.model.device) for each in made]

    @contextmanager
    def charge(self, *requests: int) -> Iterator[None]:
        """Assign the evaluations inside this context to requests, in equal shares per row.

        Args:
            requests: the index of the request for each row.
        """
        before = self.evaluations() + sum(self.spared)
        yield
        share = (self.evaluations() + sum(self.spared) - before) / len(requests)
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
    """Convert a mask [b, 1, h, w] of pixels to cells; a cell can change if any pixel can.

    The mask is padded like the picture, by repeating its edge: padding that repeats what a hole
    covered must be able to change with it.
    """
    rows, columns = model.codec.padding(*inside.shape[-2:])
    padded = nn.functional.pad(inside, (0, columns, 0, rows), mode="replicate")
    cells: Tensor = nn.functional.max_pool2d(padded, model.codec.cell)
    return cells.to(torch.float32)
