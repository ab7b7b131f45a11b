"""Randomness as an argument: `(step, like) -> z`, a function of its arguments alone.

`SeededNoise` gives each sample of the batch a stream of its own, keyed by (seed, sample, stream,
step). So image k is the same whatever the batch size, the order of the batch, or the worker; and
two uses of one seed (the start, the steps, a paste) do not share numbers when they name different
streams. Numbers are drawn on the CPU in float32 and then moved, so the device does not matter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from yuragi.errors import InputError

__all__ = ["Noise", "RecordedNoise", "SeededNoise", "no_noise"]


class Noise(Protocol):
    """`(step index, like) -> z` of like's shape, dtype and device; None where there is none."""

    def __call__(self, step: int, like: Tensor, /) -> Tensor | None: ...


@dataclass(frozen=True)
class SeededNoise:
    """Standard normal noise keyed by (seed, sample, stream, step).

    Args:
        seed: any integer.
        samples: the identity of each row of the batch; 0, 1, 2, ... when None.
        stream: a name that separates independent uses of the same seed, such as "start".

    Raises:
        InputError: when called with a batch of another size than `samples`.
    """

    seed: int
    samples: Sequence[int] | None = None
    stream: str = ""

    def __call__(self, step: int, like: Tensor) -> Tensor:
        samples = range(len(like)) if self.samples is None else self.samples
        if len(samples) != len(like):
            raise InputError("samples", tuple(samples), f"as many as the batch: {len(like)}")
        rows = [self._row(sample, step, like.shape[1:]) for sample in samples]
        return torch.stack(rows).to(device=like.device, dtype=like.dtype)

    def _row(self, sample: int, step: int, shape: torch.Size) -> Tensor:
        # A cryptographic hash: unlike seed + sample, neighbouring keys give unrelated streams.
        key = f"{self.seed}/{sample}/{step}/{self.stream}".encode()
        digest = hashlib.blake2b(key, digest_size=8).digest()
        generator = torch.Generator().manual_seed(int.from_bytes(digest, "big") >> 1)
        return torch.randn(shape, generator=generator, dtype=torch.float32)


@dataclass(frozen=True)
class RecordedNoise:
    """Noise given as one tensor [b, *d] per step.

    Raises:
        InputError: when asked for a step beyond the recording.
    """

    noises: Sequence[Tensor]

    def __call__(self, step: int, like: Tensor) -> Tensor:
        if not 0 <= step < len(self.noises):
            raise InputError("step", step, f"0 to {len(self.noises) - 1}, the recorded steps")
        return self.noises[step].to(device=like.device, dtype=like.dtype)


def no_noise(step: int, like: Tensor) -> None:
    """No noise at all: for deterministic solvers."""
