"""Calibrate the familiarity of a portrait model on held-out portraits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PIL import Image

from yuragi.models.model import DiffusionModel
from yuragi.research.train.cache import cached
from yuragi.tasks.calibrate import calibrate, write_familiarity

__all__ = ["HELD_OUT", "calibrate_portraits"]

HELD_OUT = 512
"""The number of portraits."""


def calibrate_portraits(
    model: DiffusionModel, data: Path, n: int, on_progress: Callable[[int, int], None]
) -> Path:
    """Measure on `n` portraits of the validation split and write ``familiarity.json``.

    Args:
        model: the model, into whose folder the file is written.
        data: the folder in which drawings are cached.
        n: the number of portraits.
        on_progress: a function called with (portraits done, all portraits).

    Raises:
        InputError: there are too few portraits, or the model is not from a folder.
    """
    images, _ = cached("validation", n, data, size=model.native_size)
    found = calibrate(model, range(n), lambda k: Image.fromarray(images[k]), on_progress)
    return write_familiarity(model, found)
