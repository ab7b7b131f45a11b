"""Reading and resizing the picture and the mask of an edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from PIL import Image

from yuragi.errors import InputError
from yuragi.images.read import Source, digest, read_mask, read_picture
from yuragi.images.resize import fitting, scaled
from yuragi.tasks.picture import PictureRef

__all__ = ["Pictures", "read_pictures"]

Place: TypeAlias = tuple[float, float]
"""(x, y) in pixels."""


@dataclass(frozen=True)
class Pictures:
    """The picture and mask of an edit, the names of their files, and their original size."""

    picture: Image.Image
    mask: Image.Image | None
    name: str
    mask_name: str
    size: tuple[int, int]

    @property
    def by_digest(self) -> dict[str, Image.Image]:
        return {digest(each): each for each in (self.picture, self.mask) if each is not None}

    @property
    def reference(self) -> PictureRef:
        return _reference(self.name, self.picture)

    @property
    def mask_reference(self) -> PictureRef | None:
        return None if self.mask is None else _reference(self.mask_name, self.mask)

    def placed(self, points: Sequence[Place]) -> tuple[Place, ...]:
        """The positions of points after resizing, where pixel centres are whole numbers.

        Points inside the picture are clamped to the resized picture, because the centre of the
        first pixel could otherwise be outside.
        """
        if self.picture.size == self.size:
            return tuple(points)
        return tuple((self._along(0, x), self._along(1, y)) for x, y in points)

    def _along(self, axis: int, place: float) -> float:
        before, after = self.size[axis], self.picture.size[axis]
        found = (place + 0.5) * after / before - 0.5
        return min(max(found, 0.0), after - 1.0) if 0 <= place <= before - 1 else found


def read_pictures(
    image: Source, mask: Source | None, max_pixels: int, resize: int | None
) -> Pictures:
    """Read the picture and the mask, and resize them if requested.

    Raises:
        InputError: any error of `read_picture`, `read_mask` and `fitting`; the resized mask is
            all black.
    """
    picture = read_picture(image, "image", max_pixels)
    held = None if mask is None else read_mask(mask, picture.size, max_pixels)
    before = picture.size
    if resize is not None:
        after = fitting(before, resize, max_pixels)
        picture, held = scaled(picture, after), None if held is None else scaled(held, after)
        if held is not None and held.getextrema() == (0, 0):
            size = f"{after[0]}x{after[1]}"
            raise InputError("mask", f"all black at {size}", "white that scaling (resize) leaves")
    return Pictures(picture, held, _name(image), "" if mask is None else _name(mask), before)


def _reference(name: str, picture: Image.Image) -> PictureRef:
    return PictureRef(name=name, digest=digest(picture), width=picture.width, height=picture.height)


def _name(source: Source) -> str:
    return "" if isinstance(source, Image.Image) else Path(source).name
