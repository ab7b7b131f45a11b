"""Pictures that are NumPy arrays or torch tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from yuragi.errors import InputError
from yuragi.images.depth import BITS

__all__ = ["picture_of"]

ACCEPTED = (
    "a path, a PIL image, the bytes of a picture file, a file opened for reading bytes, a NumPy "
    "array (h, w), (h, w, 3) or (h, w, 4), or a torch tensor (c, h, w) or (1, c, h, w) with 1, 3 "
    "or 4 channels; numbers are uint8, uint16, bool, or floats from 0 to 1"
)


def picture_of(given: object, argument: str) -> Image.Image:
    """An array or a tensor as a picture of 8 bits: grey, RGB or RGBA.

    Args:
        given: array (h, w) or (h, w, c), or tensor (h, w), (c, h, w) or (1, c, h, w), with c of 1,
            3 or 4; uint8, uint16, floats from 0 to 1, or for a mask also bool.
        argument: its name in error messages.

    Raises:
        InputError: it is neither an array nor a tensor, or has another shape, type or range.
    """
    if isinstance(given, torch.Tensor):
        pixels = _channels_last(given)
    elif isinstance(given, np.ndarray):
        pixels = given
    else:
        raise InputError(argument, type(given).__name__, ACCEPTED)
    shape = tuple(pixels.shape)
    if len(shape) == 3 and shape[2] == 1:
        pixels = pixels[..., 0]
    if 0 in shape or not (pixels.ndim == 2 or (pixels.ndim == 3 and shape[2] in (3, 4))):
        raise InputError(argument, f"{type(given).__name__} {tuple(given.shape)}", ACCEPTED)
    picture = Image.fromarray(_levels(pixels, argument))
    if pixels.dtype == np.uint16:
        picture.info[BITS] = 16
    return picture


def _channels_last(tensor: torch.Tensor) -> npt.NDArray[Any]:
    held = tensor.detach().cpu()
    if held.is_floating_point():
        held = held.float()  # NumPy has no bfloat16
    if held.ndim == 4 and len(held) == 1:
        held = held[0]
    return (held.permute(1, 2, 0) if held.ndim == 3 else held).numpy()


def _levels(pixels: npt.NDArray[Any], argument: str) -> npt.NDArray[np.uint8]:
    """Levels from 0 to 255, in newly allocated memory."""
    if pixels.dtype == np.uint8:
        return np.array(pixels, order="C")
    if pixels.dtype == np.uint16:
        return np.round(pixels / 257).astype(np.uint8)
    if pixels.dtype != bool and not np.issubdtype(pixels.dtype, np.floating):
        raise InputError(argument, f"numbers of type {pixels.dtype}", ACCEPTED)
    low, high = float(pixels.min()), float(pixels.max())
    if not (low >= 0 and high <= 1):  # also true for NaN
        raise InputError(argument, f"floats from {low:g} to {high:g}", ACCEPTED)
    return np.round(pixels.astype(np.float64) * 255).astype(np.uint8)
