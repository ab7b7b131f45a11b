"""Finished pictures of a benchmark on disk, so that an interrupted run can be resumed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from yuragi.core import NOISE_VERSION

__all__ = ["kept"]


def kept(
    folder: Path,
    stem: str,
    decides: Sequence[object],
    make: Callable[[], tuple[Tensor, Tensor]],
) -> tuple[Tensor, Tensor]:
    """Pictures and their costs, read from disk if they are there, otherwise made and stored.

    Args:
        folder: the folder in which they are stored.
        stem: the readable beginning of the file's name.
        decides: everything that decides the pictures, except the version of the noise; its hash is
            the rest of the file's name.
        make: a function that makes pictures [n, 3, h, w] in [-1, 1], and any numbers.

    Returns:
        the pictures, rounded to 8-bit levels, and the numbers.
    """
    named = json.dumps([*decides, NOISE_VERSION])
    key = hashlib.blake2b(named.encode(), digest_size=8).hexdigest()
    path = folder / f"{stem}-{key}.safetensors"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        images, spent = make()
        levels = ((images.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8).contiguous()
        partial = path.with_suffix(".partial")
        save_file({"images": levels, "spent": spent}, partial)
        partial.replace(path)
    with safe_open(path, framework="pt") as file:
        return file.get_tensor("images").float() / 127.5 - 1, file.get_tensor("spent")
