"""Sampling some rows of a request: to rounding the same pictures whatever rows run together."""

from __future__ import annotations

import torch
from torch import Tensor

from yuragi.core import Denoiser, SeededNoise
from yuragi.sample import Manipulation, integrate
from yuragi.solver import make_solver

__all__ = ["sample_rows", "start_noise"]


def start_noise(seed: int, rows: range, cells: tuple[int, ...], device: torch.device) -> Tensor:
    """Unit normal noise for these rows, each of shape `cells`."""
    like = torch.empty(len(rows), *cells, device=device)
    return SeededNoise(seed, list(rows), stream="start")(0, like)


def sample_rows(
    denoiser: Denoiser,
    solver: str,
    eta: float | None,
    times: Tensor,
    seed: int,
    rows: range,
    start: Tensor,
    manipulate: Manipulation,
) -> Tensor:
    """Latents of these rows, from unit noise `start` [rows, c, h, w] at times[0] to the clean end.

    Raises:
        InputError: an unknown solver, or an eta that it has no use for.
    """
    alpha, sigma = denoiser.schedule(times[0])
    # The law of x_T for data of unit variance; exactly 1 where alpha^2 + sigma^2 = 1.
    scale = (alpha**2 + sigma**2).sqrt()
    samples = list(rows)
    churned = SeededNoise(seed, samples, stream="churn")
    made = make_solver(solver, eta, churned, steps=len(times) - 1)
    noise = SeededNoise(seed, samples, stream="steps")
    return integrate(denoiser, made, scale * start, times, noise, manipulate)
