"""What every task is given to run with, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from PIL import Image
from torch import Tensor, nn

from yuragi.adapters import DiffusionModel
from yuragi.errors import InputError
from yuragi.metrics.intent import Intent
from yuragi.recipe.request import PictureRef
from yuragi.recipe.result import Gauge, Reconstruction

__all__ = ["BATCH", "Context", "Made", "Progress", "batches", "mask_cells"]

Progress = Callable[[int, int], None]
"""(steps done, steps in all); raise in it to cancel."""

BATCH = 8  # pictures made together: bounds memory, and never changes a result's noise


@dataclass(frozen=True)
class Context:
    """What a request runs on.

    Attributes:
        model: that the request names, counting its evaluations.
        weak: the weaker model of autoguidance, likewise, if there is one.
        sources: the pictures that the request names, by digest.
        on_progress: called after every solver step.
    """

    model: DiffusionModel
    weak: DiffusionModel | None
    sources: Mapping[str, Image.Image]
    on_progress: Progress

    def picture(self, named: PictureRef) -> Image.Image:
        """A picture that the request names.

        Raises:
            InputError: it is not there.
        """
        if named.digest not in self.sources:
            allowed = f"the picture {named.name or 'without a name'} with digest {named.digest}"
            raise InputError("source", "missing", allowed)
        return self.sources[named.digest]

    def ticker(self, total: int) -> Callable[[], None]:
        """To be called after each of `total` steps."""
        done = 0

        def tick() -> None:
            nonlocal done
            done += 1
            self.on_progress(done, total)

        return tick


@dataclass(frozen=True)
class Made:
    """What a task made; see `yuragi.recipe.result.Result` for the fields."""

    images: Sequence[Image.Image]
    gauge: Gauge
    frames: Sequence[Image.Image] = ()
    mask: Image.Image | None = None
    reconstruction: Reconstruction | None = None
    intent: Sequence[Intent] = ()


def batches(count: int) -> Iterator[range]:
    """Rows 0 to count - 1 in ranges of at most `BATCH`."""
    for start in range(0, count, BATCH):
        yield range(start, min(start + BATCH, count))


def mask_cells(inside: Tensor, model: DiffusionModel) -> Tensor:
    """A cell may change if any of its pixels may: (1, 1, h, w) pixels to cells."""
    rows, columns = model.codec.padding(*inside.shape[-2:])
    padded = nn.functional.pad(inside, (0, columns, 0, rows))
    cells: Tensor = nn.functional.max_pool2d(padded, model.codec.cell)
    return cells.to(torch.float32)
