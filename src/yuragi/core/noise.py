r"""Randomness as an argument: `(step, like) -> z`, a function of its arguments alone.

`SeededNoise` gives each sample of the batch a stream of its own, keyed by (seed, sample, step,
stream). So image k gets the same noise for every batch size, order and worker, and two uses of one
seed (the start, the steps, a paste) do not share numbers if they name different streams.

A stream comes from Philox 4x64-10, a counter-based generator (Salmon et al. 2011), whose own key is
a 128-bit hash of the whole key above. Two of its 64-bit words give two uniform numbers u, v in (0,
1) with 53 bits, and those give two standard normal numbers (Box & Muller 1958):

    z_2k = sqrt(-2 log u) cos(2 pi v),    z_2k+1 = sqrt(-2 log u) sin(2 pi v)

This is computed on the CPU in float64 and rounded to float32, so neither the device nor the
precision of a model matters, and other machines give the same numbers up to that rounding.

References: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"; Box & Muller 1958, "A
note on the generation of random normal deviates".
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from yuragi.errors import InputError

__all__ = ["NOISE_VERSION", "Noise", "RecordedNoise", "SeededNoise", "no_noise"]

NOISE_VERSION = 2
"""Version of the numbers that `SeededNoise` draws. It is stored in results, and it increases when
the numbers change.

Version 1 used only 32 bits of the key, so some seeds gave the same picture.
"""


class Noise(Protocol):
    """`(step index, like) -> z` of like's shape, dtype and device; None if there is no noise."""

    def __call__(self, step: int, like: Tensor, /) -> Tensor | None: ...


@dataclass(frozen=True)
class SeededNoise:
    """Standard normal noise keyed by (seed, sample, step, stream).

    Args:
        seed: any integer, or one for each row.
        samples: the identity of each row of the batch; 0, 1, 2, ... when None.
        stream: a name that separates independent uses of the same seed, such as "start".

    Raises:
        InputError: the batch size differs from the number of `samples` or of seeds.
    """

    seed: int | Sequence[int]
    samples: Sequence[int] | None = None
    stream: str = ""

    def __call__(self, step: int, like: Tensor) -> Tensor:
        samples = range(len(like)) if self.samples is None else self.samples
        if len(samples) != len(like):
            raise InputError("samples", tuple(samples), f"as many as the batch: {len(like)}")
        given = self.seed
        seeds = [int(given)] * len(like) if isinstance(given, int | np.integer) else given
        if len(seeds) != len(like):
            raise InputError("seed", tuple(seeds), f"one, or as many as the batch: {len(like)}")
        rows = [
            self._row(seed, sample, step, like.shape[1:])
            for seed, sample in zip(seeds, samples, strict=True)
        ]
        return torch.stack(rows).to(device=like.device, dtype=like.dtype)

    def _row(self, seed: int, sample: int, step: int, shape: torch.Size) -> Tensor:
        # A cryptographic hash gives unrelated streams for neighbouring keys; seed + sample would
        # not.
        key = f"{seed}/{sample}/{step}/{self.stream}".encode()
        digest = hashlib.blake2b(key, digest_size=16).digest()
        count = shape.numel()
        # NumPy guarantees that Philox's words are the same in all of its versions. It does not
        # promise that for its normal numbers, nor does PyTorch, so they are computed here.
        words = np.random.Philox(key=int.from_bytes(digest, "big")).random_raw(count + count % 2)
        u, v = (((words >> np.uint64(11)) + 0.5) * 2.0**-53).reshape(-1, 2).T
        radius, angle = np.sqrt(-2 * np.log(u)), 2 * math.pi * v
        z = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
        return torch.from_numpy(z.astype(np.float32)).flatten()[:count].view(shape)


@dataclass(frozen=True)
class RecordedNoise:
    """Noise given as one tensor [b, *d] per step.

    Raises:
        InputError: a step beyond the recording is requested.
    """

    noises: Sequence[Tensor]

    def __call__(self, step: int, like: Tensor) -> Tensor:
        if not 0 <= step < len(self.noises):
            raise InputError("step", step, f"0 to {len(self.noises) - 1}, the recorded steps")
        return self.noises[step].to(device=like.device, dtype=like.dtype)


def no_noise(step: int, like: Tensor) -> None:
    """No noise at all: for deterministic solvers."""
