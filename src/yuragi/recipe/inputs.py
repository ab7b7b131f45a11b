"""The picture and the mask that an edit works on, read and scaled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from PIL import Image

from yuragi.recipe.pictures import Source, digest, fitting, read_mask, read_picture, scaled
from yuragi.recipe.request import PictureRef

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
        return {digest(each): each for each in (self.picture, self.mask) if each is not None}

    @property
    def reference(self) -> PictureRef:
        return _reference(self.name, self.picture)

    @property
    def mask_reference(self) -> PictureRef | None:
        return None if self.mask is None else _reference(self.mask_name, self.mask)

    def placed(self, points: Sequence[Place]) -> tuple[Place, ...]:
        """Where points of the picture are after scaling; a pixel's centre has whole numbers."""
        if self.picture.size == self.size:
            return tuple(points)
        (width, height), (x_share, y_share) = (
            self.picture.size,
            (after / before for after, before in zip(self.picture.size, self.size, strict=True)),
        )
        return tuple(
            (
                min(max((x + 0.5) * x_share - 0.5, 0.0), width - 1.0),
                min(max((y + 0.5) * y_share - 0.5, 0.0), height - 1.0),
            )
            for x, y in points
        )


def read_pictures(
    image: Source, mask: Source | None, max_pixels: int, resize: int | None
) -> Pictures:
    """Picture and mask, scaled if that was asked for."""
    picture = read_picture(image, "image", max_pixels)
    held = None if mask is None else read_mask(mask, picture.size, max_pixels)
    before = picture.size
    if resize is not None:
        after = fitting(before, resize)
        picture, held = scaled(picture, after), None if held is None else scaled(held, after)
    return Pictures(picture, held, _name(image), "" if mask is None else _name(mask), before)


def _reference(name: str, picture: Image.Image) -> PictureRef:
    return PictureRef(name=name, digest=digest(picture), width=picture.width, height=picture.height)


def _name(source: Source) -> str:
    return "" if isinstance(source, Image.Image) else Path(source).name
