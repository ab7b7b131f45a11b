"""Checks of uploaded pictures, before and while they are decoded, and removal of their metadata."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass

from PIL import ExifTags, Image, UnidentifiedImageError

from yuragi.errors import InputError
from yuragi.images.strip import stripped

__all__ = ["FORMATS", "Upload", "checked", "png"]

FORMATS = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}
"""Media types by the names of Pillow."""
LYING = range(5, 9)
"""The EXIF orientations of pictures that are stored on their side."""


@dataclass(frozen=True)
class Upload:
    """A picture that can be decoded.

    Attributes:
        data: the bytes of its file.
        media_type: a value of `FORMATS`.
        width: the width in pixels, as the picture is shown: turned by its EXIF orientation.
        height: the height in pixels, likewise.
    """

    data: bytes
    media_type: str
    width: int
    height: int


def checked(data: bytes, argument: str, max_pixels: int) -> Upload:
    """Check the bytes of a picture's file, and remove its metadata, such as where it was taken.

    Args:
        data: the bytes.
        argument: the name of the picture in errors.
        max_pixels: the largest number of pixels; larger pictures are not decoded.

    Raises:
        InputError: it is not a PNG, JPEG or WebP, has too many pixels, is damaged, or is an
            animation.
    """
    told = f"{len(data)} bytes"
    allowed = "a picture file (PNG, JPEG or WebP)"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our own limit is checked instead
            with Image.open(io.BytesIO(data), formats=tuple(FORMATS)) as picture:
                width, height = picture.size
                if width * height > max_pixels:
                    reason = f"the picture has {width}x{height} = {width * height:,} pixels"
                    raise InputError(argument, told, f"at most {max_pixels:,} pixels", reason)
                picture.load()
                kind = _kind(picture)
                orientation = _orientation(picture)
                kept = stripped(data, kind, orientation)
                shown = (height, width) if orientation in LYING else (width, height)
                return Upload(kept, FORMATS[kind], *shown)
    except InputError:
        raise
    except Image.DecompressionBombError as error:
        reason = "the picture is too large to be read safely"
        raise InputError(argument, told, f"at most {max_pixels:,} pixels", reason) from error
    except UnidentifiedImageError as error:
        raise InputError(argument, told, allowed) from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise InputError(argument, told, allowed, f"the file cannot be read: {error}") from error


def _kind(picture: Image.Image) -> str:
    """The name of its format; Pillow calls a JPEG that is followed by further pictures MPO."""
    return "JPEG" if picture.format == "MPO" else str(picture.format)


def _orientation(picture: Image.Image) -> int:
    """The orientation of a loaded picture as in EXIF; 1 if its metadata are damaged."""
    try:
        told = picture.getexif().get(ExifTags.Base.Orientation, 1)
    except Exception:  # damaged metadata can raise anything in Pillow
        return 1
    return told if isinstance(told, int) and 2 <= told <= 8 else 1


def png(picture: Image.Image) -> Upload:
    """One of our own pictures as a PNG."""
    held = io.BytesIO()
    picture.save(held, "PNG")
    return Upload(held.getvalue(), FORMATS["PNG"], picture.width, picture.height)
