"""Reading and resizing the picture and the mask of an edit."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from PIL import Image

from yuragi.errors import InputError
from yuragi.images.losses import losses
from yuragi.images.read import (
    MAX_PIXELS,
    Source,
    digest,
    open_picture,
    read_mask,
    read_picture,
)
from yuragi.images.resize import fitting, scaled
from yuragi.tasks.picture import PictureRef

__all__ = ["Pictures", "read_pictures"]

Place: TypeAlias = tuple[float, float]
"""(x, y) in pixels."""


@dataclass(frozen=True)
class Pictures:
    """The picture and mask of an edit.

    Attributes:
        picture: 8-bit RGB.
        mask: black and white; None for none.
        name: file name of the picture; empty if it was given as an object.
        mask_name: file name of the mask; empty if it was given as an object.
        size: width and height of both before scaling.
        notes: what the picture's file contained that is not used.
        mask_notes: what the mask's file contained that is not used.
        max_pixels: the largest number of pixels that the picture can have.
    """

    picture: Image.Image
    mask: Image.Image | None
    name: str
    mask_name: str
    size: tuple[int, int]
    notes: tuple[str, ...] = ()
    mask_notes: tuple[str, ...] = ()
    max_pixels: int = MAX_PIXELS

    @property
    def by_digest(self) -> dict[str, Image.Image]:
        """Picture and mask by digest; the digests are computed only once."""
        named = [(self.reference, self.picture), (self.mask_reference, self.mask)]
        return {ref.digest: each for ref, each in named if ref is not None and each is not None}

    @cached_property
    def reference(self) -> PictureRef:
        return _reference(self.name, self.picture, self.notes)

    @cached_property
    def mask_reference(self) -> PictureRef | None:
        if self.mask is None:
            return None
        return _reference(self.mask_name, self.mask, self.mask_notes)

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
    opened = open_picture(image, "image", max_pixels)
    picture, notes = read_picture(opened), losses(opened, _name(image) or "the picture")
    held, mask_notes = None, tuple[str, ...]()
    if mask is not None:
        drawn = open_picture(mask, "mask", max_pixels)
        held = read_mask(drawn, picture.size)
        mask_notes = losses(drawn, _name(mask) or "the mask", mask=True)
    before = picture.size
    if resize is not None:
        after = fitting(before, resize, max_pixels)
        picture, held = scaled(picture, after), None if held is None else scaled(held, after)
        if held is not None and held.getextrema() == (0, 0):
            size = f"{after[0]}x{after[1]}"
            reason, advice = "no white is left", "resize to a larger picture (resize)"
            raise InputError("mask", f"all black at {size}", "", reason, advice)
    mask_name = "" if mask is None else _name(mask)
    return Pictures(picture, held, _name(image), mask_name, before, notes, mask_notes, max_pixels)


def _reference(name: str, picture: Image.Image, notes: tuple[str, ...]) -> PictureRef:
    return PictureRef(
        name=name,
        digest=digest(picture),
        width=picture.width,
        height=picture.height,
        notes=notes,
    )


def _name(source: Source) -> str:
    """The name of a picture's file; bytes that are not UTF-8 become replacement characters."""
    name = Path(source).name if isinstance(source, str | Path) else ""
    return os.fsencode(name).decode("utf-8", "replace")
