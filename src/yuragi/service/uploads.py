"""Checks of pictures from outside, before and while they are decoded."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from yuragi.errors import InputError

__all__ = ["FORMATS", "Upload", "checked", "png"]

FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
"""Media types by the names of Pillow."""


@dataclass(frozen=True)
class Upload:
    """A picture that can be decoded.

    Attributes:
        data: the bytes of its file.
        media_type: a value of `FORMATS`.
        width: the width in pixels.
        height: the height in pixels.
    """

    data: bytes
    media_type: str
    width: int
    height: int


def checked(data: bytes, argument: str, max_pixels: int) -> Upload:
    """Check the bytes of a picture's file.

    Args:
        data: the bytes.
        argument: the name of the picture in errors.
        max_pixels: the largest number of pixels; larger pictures are not decoded.

    Raises:
        InputError: it is no PNG, JPEG or WebP, has too many pixels, or is damaged.
    """
    told = f"{len(data)} bytes"
    allowed = "a picture file (PNG, JPEG or WebP)"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our limit is checked
            with Image.open(io.BytesIO(data), formats=tuple(FORMATS)) as picture:
                width, height = picture.size
                if width * height > max_pixels:
                    reason = f"the picture has {width}x{height} = {width * height:,} pixels"
                    raise InputError(argument, told, f"at most {max_pixels:,} pixels", reason)
                picture.load()
                return Upload(data, FORMATS[str(picture.format)], width, height)
    except InputError:
        raise
    except Image.DecompressionBombError as error:
        reason = "the picture is too large to be read safely"
        raise InputError(argument, told, f"at most {max_pixels:,} pixels", reason) from error
    except UnidentifiedImageError as error:
        raise InputError(argument, told, allowed) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise InputError(argument, told, allowed, f"the file cannot be read: {error}") from error


def png(picture: Image.Image) -> Upload:
    """A picture of ours as a PNG."""
    held = io.BytesIO()
    picture.save(held, "PNG")
    return Upload(held.getvalue(), FORMATS["PNG"], picture.width, picture.height)
