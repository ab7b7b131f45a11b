"""Conversion of pictures to tensors and back, and comparison of pictures."""

from __future__ import annotations

import hashlib

import numpy as np
import torch
from PIL import Image
from torch import Tensor

__all__ = [
    "from_tensor",
    "largest_difference",
    "mask_tensor",
    "tensor_digest",
    "to_tensor",
]


def to_tensor(picture: Image.Image) -> Tensor:
    """RGB picture -> float32 [1, 3, h, w] in [-1, 1]."""
    pixels = torch.from_numpy(np.array(picture))
    return pixels.permute(2, 0, 1)[None].float().div_(127.5).sub_(1)


def mask_tensor(mask: Image.Image) -> Tensor:
    """Black-and-white mask -> float32 [1, 1, h, w]: 1 where white."""
    return torch.from_numpy(np.array(mask))[None, None].gt(127).float()


def from_tensor(images: Tensor) -> list[Image.Image]:
    """Float [b, 3, h, w] in [-1, 1] -> RGB pictures, rounded to the nearest of 256 levels."""
    levels = images.clamp(-1, 1).add_(1).mul_(127.5).round_().to(torch.uint8)
    return [Image.fromarray(row) for row in levels.permute(0, 2, 3, 1).cpu().numpy()]


def largest_difference(first: Image.Image, second: Image.Image) -> int:
    """The largest difference of two RGB pictures of the same size, in levels of 255."""
    return int(np.abs(np.array(first, np.int16) - np.array(second, np.int16)).max())


def tensor_digest(tensor: Tensor) -> str:
    """The BLAKE2b digest (32 hexadecimal digits) of a tensor's shape and float32 values."""
    values = tensor.detach().cpu().float().contiguous().numpy()
    head = f"{tuple(tensor.shape)} ".encode()
    return hashlib.blake2b(head + values.tobytes(), digest_size=16).hexdigest()
