"""Scale pictures and masks, and add margins to them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from yuragi.errors import InputError
from yuragi.images.read import MAX_PIXELS

__all__ = ["centred", "covering", "expanded", "fitting", "scaled"]


def fitting(size: tuple[int, int], side: int, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """The width and height with a longer side of `side` pixels, in the same proportion.

    Raises:
        InputError: the side is not 16 to 16384, or there are too many pixels.
    """
    if not 16 <= side <= 16384:
        raise InputError("resize", side, "16 to 16384 pixels")
    share = side / max(size)
    width, height = (max(1, round(length * share)) for length in size)
    if width * height > max_pixels:
        reason = f"the picture would have {width}x{height} = {width * height:,} pixels"
        allowed = f"less, for at most {max_pixels:,} pixels (max_pixels)"
        raise InputError("resize", side, allowed, reason)
    return width, height


def scaled(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Resize a picture (Lanczos), or a mask, which stays black and white (area averaging)."""
    if picture.mode == "L":
        grey = picture.resize(size, Image.Resampling.BOX)
        return grey.point(lambda level: 255 * (level >= 128))
    return picture.resize(size, Image.Resampling.LANCZOS)


def centred(picture: Image.Image, side: int) -> Image.Image:
    """The largest square in the middle of a picture, as RGB, resized to `side` pixels (Lanczos)."""
    length = min(picture.size)
    left, top = (picture.width - length) // 2, (picture.height - length) // 2
    box = (left, top, left + length, top + length)
    return picture.convert("RGB").resize((side, side), Image.Resampling.LANCZOS, box)


def covering(mask: Image.Image, size: tuple[int, int]) -> Image.Image:
    """A scaled mask that is white wherever any white pixel contributes."""
    # Not in 8 bits, in which the share of a few white pixels of many would be rounded to nothing.
    shares = np.asarray(mask.convert("F").resize(size, Image.Resampling.BILINEAR))
    return Image.fromarray((shares > 0).astype(np.uint8) * 255)


def expanded(
    picture: Image.Image,
    mask: Image.Image | None,
    margins: Sequence[int],
    max_pixels: int = MAX_PIXELS,
) -> tuple[Image.Image, Image.Image]:
    """Add margins that repeat the edge of a picture, and make the mask white there.

    Args:
        picture: the RGB picture.
        mask: the mask of the picture; None for all black.
        margins: the margins in pixels at left, top, right and bottom; 0 or more.
        max_pixels: the largest number of pixels of the result.

    Raises:
        InputError: the margins are not four whole numbers of 0 or more, or there are too many
            pixels.
    """
    if len(margins) != 4 or any(int(m) != m or m < 0 for m in margins):
        allowed = "four whole numbers of pixels, 0 or more: left, top, right, bottom"
        raise InputError("expand", tuple(margins), allowed)
    left, top, right, bottom = (int(m) for m in margins)
    width, height = picture.width + left + right, picture.height + top + bottom
    if width * height > max_pixels:
        reason = f"the picture would have {width}x{height} = {width * height:,} pixels"
        allowed = f"less, for at most {max_pixels:,} pixels (max_pixels)"
        raise InputError("expand", tuple(margins), allowed, reason)
    sides = ((top, bottom), (left, right))
    larger = Image.fromarray(np.pad(np.array(picture), (*sides, (0, 0)), mode="edge"))
    inside = np.zeros((picture.height, picture.width), np.uint8) if mask is None else np.array(mask)
    return larger, Image.fromarray(np.pad(inside, sides, constant_values=255))
