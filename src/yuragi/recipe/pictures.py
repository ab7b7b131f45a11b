"""Pictures at the edges: reading them safely, and turning them into tensors and back."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from yuragi.errors import InputError

__all__ = [
    "MAX_PIXELS",
    "Source",
    "black_and_white",
    "digest",
    "expanded",
    "fitting",
    "from_tensor",
    "largest_difference",
    "mask_tensor",
    "open_picture",
    "read_mask",
    "read_picture",
    "scaled",
    "tensor_digest",
    "to_tensor",
]

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")
MAX_PIXELS = 40_000_000

Source = str | Path | Image.Image


def read_picture(
    source: Source, argument: str = "image", max_pixels: int = MAX_PIXELS
) -> Image.Image:
    """A picture as 8-bit RGB, turned upright, transparency laid on white.

    Args:
        source: a path or an open picture.
        argument: how errors call it.
        max_pixels: larger pictures are refused before they are decoded.

    Raises:
        InputError: missing or unreadable file, not a picture, too large, or more than 8 bits a
            channel.
    """
    return _flat(open_picture(source, argument, max_pixels), argument, "white")


def _flat(picture: Image.Image, argument: str, behind: str) -> Image.Image:
    """8-bit RGB, upright, with a colour behind what is transparent."""
    if picture.mode.startswith(("I", "F")):
        raise InputError(argument, picture.mode, "a picture with 8 bits a channel")
    picture = ImageOps.exif_transpose(picture)
    if "A" in picture.getbands() or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, behind), picture)
    picture = picture.convert("RGB")
    picture.info = {}  # metadata such as a place must not travel into results
    return picture


def read_mask(source: Source, size: tuple[int, int], max_pixels: int = MAX_PIXELS) -> Image.Image:
    """A mask as black and white: white (128 or more) where the picture may change.

    Transparency counts as black: strokes on an empty layer mean what they show.

    Raises:
        InputError: as `read_picture`; another size than the picture; all black.
    """
    mask = black_and_white(source, "mask", max_pixels)
    if mask.size != size:
        allowed = f"the picture's size, {size[0]}x{size[1]} pixels"
        raise InputError("mask", f"{mask.width}x{mask.height}", allowed)
    if mask.getextrema() == (0, 0):
        raise InputError("mask", "all black", "some white: white marks what may change")
    return mask


def fitting(size: tuple[int, int], side: int, max_pixels: int = MAX_PIXELS) -> tuple[int, int]:
    """Width and height with a longer side of `side` pixels, in the same proportion.

    Raises:
        InputError: a side that is not 16 to 16384, or too many pixels.
    """
    if not 16 <= side <= 16384:
        raise InputError("resize", side, "16 to 16384 pixels")
    share = side / max(size)
    width, height = (max(1, round(length * share)) for length in size)
    if width * height > max_pixels:
        raise InputError("resize", side, f"a picture of at most {max_pixels:,} pixels")
    return width, height


def scaled(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """A picture (Lanczos), or a mask, which stays black and white (mean of areas)."""
    if picture.mode == "L":
        grey = picture.resize(size, Image.Resampling.BOX)
        return grey.point(lambda level: 255 * (level >= 128))
    return picture.resize(size, Image.Resampling.LANCZOS)


def expanded(
    picture: Image.Image, mask: Image.Image | None, margins: Sequence[int]
) -> tuple[Image.Image, Image.Image]:
    """A picture with margins that repeat its edge, and a mask that is white there.

    Args:
        picture: RGB.
        mask: of the picture, which stays inside; None for all black.
        margins: pixels at left, top, right, bottom; 0 or more.

    Raises:
        InputError: not four whole numbers of 0 or more.
    """
    if len(margins) != 4 or any(int(m) != m or m < 0 for m in margins):
        allowed = "four whole numbers of pixels, 0 or more: left, top, right, bottom"
        raise InputError("expand", tuple(margins), allowed)
    left, top, right, bottom = (int(m) for m in margins)
    sides = ((top, bottom), (left, right))
    larger = Image.fromarray(np.pad(np.array(picture), (*sides, (0, 0)), mode="edge"))
    inside = np.zeros((picture.height, picture.width), np.uint8) if mask is None else np.array(mask)
    return larger, Image.fromarray(np.pad(inside, sides, constant_values=255))


def black_and_white(
    source: Source, argument: str = "mask", max_pixels: int = MAX_PIXELS
) -> Image.Image:
    """Mode L: 255 where a picture's grey is 128 or more, else 0; errors as `read_picture`."""
    grey = _flat(open_picture(source, argument, max_pixels), argument, "black").convert("L")
    return grey.point(lambda level: 255 * (level >= 128))


def open_picture(source: Source, argument: str, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """A picture as it lies in its file, decoded; see `read_picture` for errors."""
    if isinstance(source, Image.Image):
        _check_pixels(source, argument, max_pixels)
        return source
    allowed = "a picture file (" + ", ".join(FORMATS) + ")"
    path = Path(source)
    try:
        with warnings.catch_warnings():
            # Pillow only warns between one and two times its own limit; ours decides.
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


def _check_pixels(picture: Image.Image, argument: str, max_pixels: int) -> None:
    """Refuse a picture with more pixels, decoded or not."""
    if picture.width * picture.height > max_pixels:
        size = f"{picture.width}x{picture.height}"
        raise InputError(argument, size, f"at most {max_pixels:,} pixels")


def digest(picture: Image.Image) -> str:
    """BLAKE2b digest (hex, 32 characters) of a picture's mode, size and pixels."""
    head = f"{picture.mode} {picture.width}x{picture.height} ".encode()
    return hashlib.blake2b(head + picture.tobytes(), digest_size=16).hexdigest()


def largest_difference(first: Image.Image, second: Image.Image) -> int:
    """The largest difference of two RGB pictures of the same size, in levels of 255."""
    return int(np.abs(np.array(first, np.int16) - np.array(second, np.int16)).max())


def tensor_digest(tensor: Tensor) -> str:
    """BLAKE2b digest (hex, 32 characters) of a tensor's shape and float32 values."""
    values = tensor.detach().cpu().float().contiguous().numpy()
    head = f"{tuple(tensor.shape)} ".encode()
    return hashlib.blake2b(head + values.tobytes(), digest_size=16).hexdigest()


def to_tensor(picture: Image.Image) -> Tensor:
    """RGB picture -> float32 (1, 3, h, w) in [-1, 1]."""
    pixels = torch.from_numpy(np.array(picture))
    return pixels.permute(2, 0, 1)[None].float().div(127.5).sub(1)


def mask_tensor(mask: Image.Image) -> Tensor:
    """Black-and-white mask -> float32 (1, 1, h, w): 1 where white."""
    return torch.from_numpy(np.array(mask))[None, None].gt(127).float()


def from_tensor(images: Tensor) -> list[Image.Image]:
    """Float (b, 3, h, w) in [-1, 1] -> RGB pictures, rounded to the nearest of 256 levels."""
    levels = ((images.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return [Image.fromarray(row) for row in levels.permute(0, 2, 3, 1).cpu().numpy()]
