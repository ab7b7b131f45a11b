"""Pictures that a portrait model does not know: photographs, and drawings in other styles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path

import numpy as np
from PIL import Image

from yuragi.images.resize import centred
from yuragi.research.bench.familiarity.known import START
from yuragi.research.bench.photos import photographs
from yuragi.research.train.portraits import HEADS, avatar, portrait, rastered
from yuragi.tasks.calibrate import pictures_in, read_file

__all__ = ["drawing", "in_folder", "other_styles", "photographed"]

PLACE = ("backgroundColor", "scale", "rotate", "translateX", "translateY")
"""The options of a portrait that every style has."""


def photographed(n: int, size: int) -> Iterator[Image.Image]:
    """Centre squares of the photographs of `yuragi bench photos`, then random squares of them."""
    return _squares(list(photographs(512).values()), n, size)


def in_folder(folder: Path, least: int, size: int) -> Iterator[Image.Image]:
    """Centre squares of all pictures in a folder, then random squares of them up to `least`.

    Raises:
        InputError: the folder does not exist, or a file is not a picture.
    """
    pictures = [read_file(path) for path in pictures_in(folder)]
    return _squares(pictures, max(least, len(pictures)), size)


def _squares(pictures: Sequence[Image.Image], n: int, size: int) -> Iterator[Image.Image]:
    """Centre squares of all pictures, then random ones of 0.35 to 0.95 of the shorter side."""
    for index in range(n):
        picture = pictures[index % len(pictures)]
        if index >= len(pictures):
            rng = np.random.default_rng([index, 3])
            side = round(min(picture.size) * rng.uniform(0.35, 0.95))
            left, top = (int(rng.integers(0, whole - side + 1)) for whole in picture.size)
            picture = picture.crop((left, top, left + side, top + side))
        yield centred(picture, size)


def other_styles() -> list[str]:
    """The styles of DiceBear, except the style of the portraits."""
    found = sorted(
        file.name.removesuffix(".json")
        for file in files("dicebear_styles").iterdir()
        if file.name.endswith(".json")
    )
    return [name for name in found if name != HEADS]


def drawing(style: str, index: int, size: int) -> Image.Image:
    """A drawing in a style, with the background, size, tilt and position of a portrait."""
    options = portrait("benchmark", START + index).options
    chosen = {"seed": f"yuragi-foreign-{START + index}"} | {name: options[name] for name in PLACE}
    return Image.fromarray(rastered(avatar(style, chosen), size))
