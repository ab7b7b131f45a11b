"""Read pictures and masks safely from files."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from yuragi.errors import InputError

__all__ = [
    "MAX_PIXELS",
    "Source",
    "black_and_white",
    "digest",
    "open_picture",
    "read_mask",
    "read_picture",
]

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")
MAX_PIXELS = 40_000_000

Source = str | Path | Image.Image


def read_picture(
    source: Source, argument: str = "image", max_pixels: int = MAX_PIXELS
) -> Image.Image:
    """Read a picture as 8-bit RGB, upright, with transparent areas on white.

    Args:
        source: a path or an open picture.
        argument: the name of the argument in errors.
        max_pixels: the largest number of pixels; larger pictures are refused before decoding.

    Raises:
        InputError: missing or unreadable file, not a picture, too large, or more than 8 bits a
            channel.
    """
    return _flat(open_picture(source, argument, max_pixels), argument, "white")


def read_mask(source: Source, size: tuple[int, int], max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Read a mask as black and white: white (128 or more) where the picture can change.

    Transparent areas are black, so that strokes on an empty layer can be used as a mask.

    Raises:
        InputError: any error of `read_picture`; the size differs from the picture's; the mask is
            all black.
    """
    mask = black_and_white(source, "mask", max_pixels)
    if mask.size != size:
        allowed = f"the picture's size, {size[0]}x{size[1]} pixels"
        raise InputError("mask", f"{mask.width}x{mask.height}", allowed)
    if mask.getextrema() == (0, 0):
        raise InputError("mask", "all black", "some white: white marks what may change")
    return mask


def black_and_white(
    source: Source, argument: str = "mask", max_pixels: int = MAX_PIXELS
) -> Image.Image:
    """Read a picture in mode L: 255 where grey is 128 or more, else 0; see `read_picture`."""
    grey = _flat(open_picture(source, argument, max_pixels), argument, "black").convert("L")
    return grey.point(lambda level: 255 * (level >= 128))


def open_picture(source: Source, argument: str, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """The decoded picture of a file; raises the errors of `read_picture`."""
    if isinstance(source, Image.Image):
        _check_pixels(source, argument, max_pixels)
        return source
    allowed = "a picture file (" + ", ".join(FORMATS) + ")"
    path = Path(source)
    try:
        with warnings.catch_warnings():
            # Pillow only warns between one and two times its own limit, so our own limit is
            # checked.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(path, formats=FORMATS)
            _check_pixels(picture, argument, max_pixels)
            picture.load()
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(argument, str(path), f"{allowed}; there is no such file") from error
    except Image.DecompressionBombError as error:
        raise InputError(argument, str(path), f"at most {max_pixels:,} pixels") from error
    except UnidentifiedImageError as error:
        raise InputError(argument, str(path), f"{allowed}; this is none") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError(argument, str(path), f"{allowed}; it cannot be read") from error
    return picture


def digest(picture: Image.Image) -> str:
    """The BLAKE2b digest (32 hexadecimal digits) of a picture's mode, size and pixels."""
    head = f"{picture.mode} {picture.width}x{picture.height} ".encode()
    return hashlib.blake2b(head + picture.tobytes(), digest_size=16).hexdigest()


def _flat(picture: Image.Image, argument: str, behind: str) -> Image.Image:
    """Convert to 8-bit RGB, upright, with a colour behind transparent areas."""
    if picture.mode.startswith(("I", "F")):
        raise InputError(argument, picture.mode, "a picture with 8 bits a channel")
    picture = ImageOps.exif_transpose(picture)
    if "A" in picture.getbands() or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, behind), picture)
    picture = picture.convert("RGB")
    picture.info = {}  # metadata such as a location must not be copied into results
    return picture


def _check_pixels(picture: Image.Image, argument: str, max_pixels: int) -> None:
    """Refuse a picture with too many pixels, decoded or not."""
    if picture.width * picture.height > max_pixels:
        size = f"{picture.width}x{picture.height}"
        raise InputError(argument, size, f"at most {max_pixels:,} pixels")
