"""Pictures as levels of 0 to 255, and digests of them, which are the same on every processor."""

from __future__ import annotations

import hashlib

import torch
from torch import Tensor

__all__ = ["digests_of", "levels_of"]


def levels_of(images: Tensor) -> Tensor:
    """Pictures [b, 3, h, w] in [-1, 1] -> uint8 of the same shape."""
    return ((images.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)


def digests_of(images: Tensor) -> list[int]:
    """A number below 2^64 for the pixels of each picture of [b, 3, h, w] in [-1, 1]."""
    return [
        int.from_bytes(hashlib.blake2b(row.contiguous().numpy().tobytes(), digest_size=8).digest())
        for row in levels_of(images)
    ]
