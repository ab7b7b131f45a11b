"""Held-out portraits, unchanged and after recompression, resizing, recolouring and drags."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping

import numpy as np
from PIL import Image

from yuragi.errors import YuragiWarning
from yuragi.model import Model
from yuragi.research.train.motions import motion
from yuragi.research.train.portraits import BACKGROUNDS, Portrait, draw, portrait
from yuragi.tasks.calibrate import as_jpeg, halved

__all__ = ["EDITED", "START", "dragged", "held_out"]

START = 2000
"""The first portrait of the benchmark split used here; settings were chosen on earlier ones."""


def held_out(index: int, size: int) -> Image.Image:
    """A portrait of the benchmark split."""
    return Image.fromarray(draw(portrait("benchmark", START + index), size))


def _jpeg(index: int, size: int) -> Image.Image:
    return as_jpeg(held_out(index, size))


def _halved(index: int, size: int) -> Image.Image:
    return halved(held_out(index, size))


def _taught(index: int, size: int) -> Image.Image:
    """A held-out portrait on another background from the training."""
    return _on(index, size, str(np.random.default_rng([index, 1]).choice(list(BACKGROUNDS))))


def _any(index: int, size: int) -> Image.Image:
    """A held-out portrait on a background of any colour, uniform in RGB."""
    red, green, blue = np.random.default_rng([index, 2]).integers(0, 256, 3)
    return _on(index, size, f"{red:02x}{green:02x}{blue:02x}")


def _on(index: int, size: int, colour: str) -> Image.Image:
    chosen = portrait("benchmark", START + index)
    options = chosen.options | {"backgroundColor": [colour]}
    return Image.fromarray(draw(Portrait(chosen.labels, options), size))


EDITED: Mapping[str, Callable[[int, int], Image.Image]] = {
    "JPEG, quality 75": _jpeg,
    "halved and doubled": _halved,
    "another background of the training": _taught,
    "a background of any colour": _any,
}
"""Edits of held-out portraits by name: (index, size in pixels) -> picture."""


def dragged(model: Model, n: int) -> Iterator[Image.Image]:
    """Results of drags with the preset warp, for the motions of `yuragi bench drag`."""
    for index in range(n):
        case = motion("benchmark", START + index)
        mask = None if case.mask is None else Image.fromarray(case.mask.astype(np.uint8) * 255)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", YuragiWarning)  # about portraits considered foreign
            yield model.drag(
                Image.fromarray(case.before), case.points, mask=mask, prompt=case.prompt, seed=index
            ).image
