"""Sampling of some rows of requests, with results that do not depend on the batch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from yuragi.core import Denoiser, SeededNoise
from yuragi.sample import Manipulation, integrate
from yuragi.solver import make_solver

__all__ = ["sample_rows", "start_noise"]


def start_noise(
    seeds: Sequence[int], samples: Sequence[int], cells: tuple[int, ...], device: torch.device
) -> Tensor:
    """Standard normal noise for rows with these seeds and samples, each of shape `cells`."""
    like = torch.empty(len(samples), *cells, device=device)
    return SeededNoise(seeds, samples, stream="start")(0, like)


def sample_rows(
    denoiser: Denoiser,
    solver: str,
    eta: float | None,
    times: Tensor,
    seeds: Sequence[int],
    samples: Sequence[int],
    start: Tensor,
    manipulate: Manipulation,
) -> Tensor:
    """Sample the latents of these rows from standard normal noise `start` [b, c, h, w].

    Raises:
        InputError: the solver is unknown or does not take an eta.
    """
    alpha, sigma = denoiser.schedule(times[0])
    # The standard deviation of x_T for data of unit variance; exactly 1 if alpha^2 + sigma^2 = 1.
    scale = (alpha**2 + sigma**2).sqrt()
    churned = SeededNoise(seeds, samples, stream="churn")
    made = make_solver(solver, eta, churned, steps=len(times) - 1)
    noise = SeededNoise(seeds, samples, stream="steps")
    return integrate(denoiser, made, scale * start, times, noise, manipulate)
