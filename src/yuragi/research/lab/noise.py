"""Keyed randomness for many small states, so that no draw depends on the number of others."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor

from yuragi.core.noise import SeededNoise

__all__ = ["StateNoise", "keyed"]


@dataclass(frozen=True)
class StateNoise:
    """Standard normal noise for states [n, d], keyed by (seed, step, stream) and the state's place.

    All states of a step share a row of `SeededNoise`, whose first numbers are the same however long
    the row is. A row for each of thousands of states would take minutes.
    """

    seed: int
    stream: str

    def __call__(self, step: int, like: Tensor) -> Tensor:
        return SeededNoise(self.seed, [0], self.stream)(step, like[None])[0]


def keyed(seed: int, number: int) -> torch.Generator:
    """A generator for the draws with a number, such as those of a noise level."""
    # A sum of seed and number would give neighbouring seeds the same draws.
    key = hashlib.blake2b(f"{seed}/{number}".encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(key, "little") >> 1)
