"""The memory that a worker needs."""

from __future__ import annotations

import resource
import sys

import torch

__all__ = ["most_memory"]

UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in the unit of `getrusage`."""


def most_memory() -> int:
    """The peak memory of this process so far in bytes: on its GPU, or in main memory."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT
