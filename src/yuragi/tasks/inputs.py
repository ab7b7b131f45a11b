"""The picture and the mask that an edit works on, read and scaled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
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
    """What an edit works on, what the files were called, and their size before scaling."""

    picture: Image.Image
    mask: Image.Image | None
    name: str
    mask_name: str
    size: tuple[int, int]

    @property
    def by_digest(self) -> dict[str, Image.Image]:
        """Both, without reading their pixels again."""
        named = [(self.reference, self.picture), (self.mask_reference, self.mask)]
        return {ref.digest: each for ref, each in named if ref is not None and each is not None}

    @cached_property
    def reference(self) -> PictureRef:
        return _reference(self.name, self.picture)

    @cached_property
    def mask_reference(self) -> PictureRef | None:
        return None if self.mask is None else _reference(self.mask_name, self.mask)

    def placed(self, points: Sequence[Place]) -> tuple[Place, ...]:
        """Where places are after scaling; a pixel's centre has whole numbers.

        What was inside of the picture stays inside: the middle of its first pixel may not.
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
    """Picture and mask, scaled if that was asked for.

    Raises:
        InputError: as `read_picture`, `read_mask` and `fitting`; a mask of which scaling leaves
            nothing.
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
    return Path(source).name if isinstance(source, str | Path) else ""
