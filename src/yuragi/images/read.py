"""Read pictures and masks safely, from any kind of source."""

from __future__ import annotations

import hashlib
import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeAlias, cast

from PIL import Image, ImageOps, UnidentifiedImageError

from yuragi.errors import InputError
from yuragi.images.colour import to_srgb, unpacked
from yuragi.images.depth import BITS, eight_bits

if TYPE_CHECKING:
    from typing import Any

    import numpy.typing as npt
    from torch import Tensor

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
DEEP = {"I": "32-bit whole numbers", "F": "32-bit floating-point numbers"}
"""Levels that are refused, by mode: they have no common range."""

Source: TypeAlias = "str | Path | Image.Image | bytes | BinaryIO | npt.NDArray[Any] | Tensor"
"""A picture or a mask: a path, a picture, the bytes of a file, a file opened for reading bytes, or
an array or a tensor as `yuragi.images.arrays.picture_of` takes them."""


def read_picture(
    source: Source, argument: str = "image", max_pixels: int = MAX_PIXELS
) -> Image.Image:
    """Read a picture as 8-bit RGB in sRGB, upright, with transparent areas on white.

    Args:
        source: the picture; see `Source`.
        argument: the name of the argument in errors.
        max_pixels: the largest number of pixels; larger pictures are refused before decoding.

    Raises:
        InputError: the file is missing, unreadable, not a picture, too large, or grey with more
            than 16 bits; the object is not one from which a picture can be read.
    """
    return _flat(open_picture(source, argument, max_pixels), "white")


def read_mask(source: Source, size: tuple[int, int], max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Read a mask as black and white: white where the picture can change.

    White is 128 or more; in a mask of only 0 and 1, it is 1. Transparent areas are black, so that
    strokes on an empty layer can be used as a mask.

    Raises:
        InputError: any error of `read_picture`; the size differs from the picture's; the mask is
            all black.
    """
    mask = black_and_white(source, "mask", max_pixels)
    if mask.size != size:
        allowed = f"the picture's size, {size[0]}x{size[1]} pixels"
        raise InputError("mask", f"{mask.width}x{mask.height}", allowed)
    if mask.getextrema() == (0, 0):
        raise InputError("mask", "all black", "white somewhere: white marks what may change")
    return mask


def black_and_white(
    source: Source, argument: str = "mask", max_pixels: int = MAX_PIXELS
) -> Image.Image:
    """Read a picture in mode L: 255 where it is white, else 0; see `read_mask`, `read_picture`."""
    grey = _flat(open_picture(source, argument, max_pixels), "black").convert("L")
    _, brightest = grey.getextrema()
    white = 1 if brightest == 1 else 128
    return grey.point(lambda level: 255 * (level >= white))


def open_picture(source: Source, argument: str, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """The decoded picture of a file; raises the errors of `read_picture`."""
    if isinstance(source, str | Path):
        return _decoded(Path(source), str(source), argument, max_pixels)
    if isinstance(source, bytes):
        return _decoded(io.BytesIO(source), f"{len(source)} bytes", argument, max_pixels)
    if isinstance(source, Image.Image):
        picture, name = source, "given as an object"
    elif hasattr(source, "read"):
        file = cast(BinaryIO, source)
        return _decoded(file, str(getattr(file, "name", file)), argument, max_pixels)
    else:
        from yuragi.images.arrays import picture_of

        picture, name = picture_of(source, argument), "given as an array"
    _check(picture, argument, max_pixels, name)
    return picture


def _decoded(file: Path | BinaryIO, name: str, argument: str, max_pixels: int) -> Image.Image:
    """The picture in a file; errors call the file by its name."""
    allowed = "a picture file (" + ", ".join(FORMATS) + ")"
    try:
        with warnings.catch_warnings():
            # Pillow only warns between one and two times its own limit, so our own limit is
            # checked.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(file, formats=FORMATS)
            _check(picture, argument, max_pixels, name)
            # A tile says how pixels are packed, such as RGB;16B, until they are loaded.
            deep = any(";16" in str(tile.args) for tile in picture.tile)
            picture.load()
    except InputError:
        raise
    except FileNotFoundError as error:
        raise InputError(argument, name, "", "the file is missing") from error
    except Image.DecompressionBombError as error:
        reason = "the picture is too large to be read safely"
        raise InputError(argument, name, _fewer(max_pixels), reason) from error
    except UnidentifiedImageError as error:
        reason = "the file is not a picture of a known kind"
        raise InputError(argument, name, allowed, reason) from error
    except IsADirectoryError as error:
        raise InputError(argument, name, allowed, "this is a folder") from error
    except Exception as error:  # a damaged file can raise anything in Pillow
        reason = f"the file cannot be read: {error}"
        raise InputError(argument, name, allowed, reason) from error
    if deep:
        picture.info[BITS] = 16
    return picture


def digest(picture: Image.Image) -> str:
    """The BLAKE2b digest (32 hexadecimal digits) of a picture's mode, size and pixels."""
    head = f"{picture.mode} {picture.width}x{picture.height} ".encode()
    return hashlib.blake2b(head + picture.tobytes(), digest_size=16).hexdigest()


def _flat(picture: Image.Image, behind: str) -> Image.Image:
    """Convert to 8-bit sRGB, upright, with a colour behind transparent areas."""
    picture = to_srgb(unpacked(eight_bits(_upright(picture))))
    if "A" in picture.getbands():
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, behind), picture)
    picture = picture.convert("RGB")
    picture.info = {}  # metadata such as a location must not be copied into results
    return picture


def _upright(picture: Image.Image) -> Image.Image:
    """The picture turned as its EXIF data say; unchanged if they are damaged."""
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # damaged metadata can raise anything in Pillow
        return picture


def _check(picture: Image.Image, argument: str, max_pixels: int, name: str) -> None:
    """Refuse a picture, decoded or not, with too many pixels or with levels of 32 bits."""
    pixels = picture.width * picture.height
    if pixels > max_pixels:
        reason = f"the picture has {picture.width}x{picture.height} = {pixels:,} pixels"
        raise InputError(argument, name, _fewer(max_pixels), reason)
    if picture.mode in DEEP:
        reason = f"the levels of the picture are {DEEP[picture.mode]}"
        raise InputError(argument, name, "a picture with 8 or 16 bits a channel", reason)


def _fewer(max_pixels: int) -> str:
    return (
        f"at most {max_pixels:,} pixels: make the picture smaller, or raise the limit (max_pixels)"
    )
