r"""The table of the gain `scheduled`: how much worse the weak denoiser is at each noise level.

    rho(sigma) = E |x0 - D_weak(x_t)|^2 / E |x0 - D_strong(x_t)|^2

For exact denoisers, these errors are the mean posterior variances, and their ratio is the ratio of
the slopes along an average direction. The data are held out, and both denoisers get the same noise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from yuragi.core import Denoiser, Schedule, SeededNoise

__all__ = ["Batch", "mmse_ratio"]


class Batch(NamedTuple):
    """Clean states [b, *d] and their two denoisers, each with its own conditions bound."""

    x0: Tensor
    strong: Denoiser
    weak: Denoiser


@torch.no_grad()
def mmse_ratio(
    schedule: Schedule,
    levels: Sequence[float],
    batches: Iterable[Batch],
    seed: int = 0,
    on_batch: Callable[[], None] = lambda: None,
) -> list[tuple[float, float]]:
    """The pairs (sigma / alpha, rho).

    Args:
        schedule: the schedule of both denoisers.
        levels: the values of sigma / alpha, increasing and above 0.
        batches: the held-out data.
        seed: the seed of the noise, which is drawn once per sample and level.
        on_batch: a function called after every batch.
    """
    times = [schedule.time(-torch.tensor(level, dtype=torch.float64).log()) for level in levels]
    strong = torch.zeros(len(levels), dtype=torch.float64)
    weak = torch.zeros_like(strong)
    first = 0
    for x0, good, poor in batches:
        noise = SeededNoise(seed, range(first, first + len(x0)), stream="mmse")
        for k, t in enumerate(times):
            alpha, sigma = schedule(t)
            x = alpha * x0 + sigma * noise(k, x0)
            strong[k] += (good(x, t) - x0).double().square().sum().cpu()
            weak[k] += (poor(x, t) - x0).double().square().sum().cpu()
        first += len(x0)
        on_batch()
    return list(zip(levels, (weak / strong).tolist(), strict=True))
