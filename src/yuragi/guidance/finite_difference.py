r"""Finite differences of a denoiser: step sizes, the actual step after rounding, rounding errors.

A step that is too short is dominated by rounding errors, and one that is too long leaves the linear
range. Two kinds of differences need two lengths:

- One number per element (`step_size`): rounding errors do not average out. Measured on trained
  networks, 0.03 sigma per element suits single precision and 0.1 to 0.2 sigma half precision.
- One number per sample, the difference projected on the step (`secant_size`): the roundings of n
  elements average out. With s = sigma / alpha and u the spacing of the network's numbers at 1, the
  error of such a slope is about u / (h sqrt n), and a slope of data of unit deviation is
  1 / (1 + s^2). Where the step above is shorter than h = 16 u (1 + s^2) / sqrt n, which leaves an
  error of 2 to 6 %, h is used instead, up to 0.15 max(1, s) and at most 1: where the noise exceeds
  the data, D depends on x / s, so its linear range grows with s.

In half precision the state that the network reads is rounded, so the step is rounded first, and
differences are divided by the rounded step.
"""

from __future__ import annotations

import torch
from torch import Tensor

from yuragi.core.denoiser import Denoiser, NetworkDenoiser
from yuragi.guidance.evaluate import Corrected

__all__ = ["network_dtype", "perturb", "rounding", "secant_size", "step_size"]

FULL, HALF = 0.03, 0.15
QUIET = 16.0
"""Length of a secant relative to that at which the rounding error equals a slope of 1."""
LOUD = 1.0
"""Expected rounding error, in spacings of the output. Rounding the output contributes 0.3 to a
difference. Networks also round internally: the shipped model has 0.6 to 0.9 in total."""


def network_of(denoiser: Denoiser) -> NetworkDenoiser | None:
    """The network inside wrappers that only add a term; None if there is none."""
    if isinstance(denoiser, Corrected):
        return network_of(denoiser.base)
    return denoiser if isinstance(denoiser, NetworkDenoiser) else None


def network_dtype(denoiser: Denoiser, x: Tensor) -> torch.dtype:
    """The dtype in which the denoiser's network computes; the state's dtype if it is unknown."""
    if torch.is_autocast_enabled(x.device.type):
        return torch.get_autocast_dtype(x.device.type)
    found = network_of(denoiser)
    if found is None:
        return x.dtype
    return found.precision or getattr(found.network, "dtype", None) or x.dtype


def step_size(h: float | None, dtype: torch.dtype) -> float:
    """The step per element (root mean square) in units of sigma."""
    if h is not None:
        return h
    return HALF if dtype in (torch.float16, torch.bfloat16) else FULL


def secant_size(
    h: float | None, dtype: torch.dtype, x: Tensor, alpha: Tensor, sigma: Tensor
) -> Tensor:
    """The shortest step per element (root mean square) with a measurable projection, 0-dim.

    Args:
        h: the length to use instead, in units of sigma; None for the shortest measurable one.
        dtype: the dtype in which the network computes.
        x: the state [b, *d]; only its number of elements is used.
        alpha: the signal level, 0-dim; it can be 0.
        sigma: the noise level, 0-dim.

    Returns:
        The step in units of the state, not of sigma.
    """
    if h is not None:
        return h * sigma
    ratio = sigma / alpha
    quiet: Tensor = QUIET * torch.finfo(dtype).eps * (1 + ratio**2) / x[0].numel() ** 0.5
    longest = HALF * ratio.clamp(1, 1 / HALF)
    return quiet.clamp(max=longest).clamp(min=step_size(None, dtype)) * sigma


def rounding(denoiser: Denoiser, x0: Tensor, x: Tensor, t: Tensor, dtype: torch.dtype) -> Tensor:
    """Norm of the rounding error of a difference of the denoiser, [b], float64.

    The network's part of x0 is rounded to the network's precision, the rest to the state's. The
    projection on one direction is 1 / sqrt n of this norm.

    Args:
        denoiser: the denoiser that was evaluated.
        x0: the value of the denoiser at x, [b, *d].
        x: the state [b, *d].
        t: the time, 0-dim.
        dtype: the dtype in which the network computes.
    """
    alpha, sigma = denoiser.schedule(t)
    found = network_of(denoiser)
    if found is None:
        given = torch.zeros_like(x0)
    else:  # x0 is affine in the output; its value for an output of 0 comes from the state
        given = found.prediction.x0(torch.zeros_like(x), x, alpha, sigma).to(x)
    said = torch.finfo(dtype).eps * length(x0 - given)
    return LOUD * (said + torch.finfo(x.dtype).eps * length(given))


def along(x: Tensor, axis: Tensor) -> Tensor:
    """The product <x, axis> of every sample, [b], in float64, because the terms cancel."""
    return (x.double() * axis.double()).flatten(1).sum(1)


def length(x: Tensor) -> Tensor:
    """The norm of every sample, [b], float64."""
    norm: Tensor = x.double().flatten(1).norm(dim=1)
    return norm


def perturb(x: Tensor, direction: Tensor, h: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Move a state by about h along a direction; return the moved state and the change.

    Args:
        x: the state [b, *d].
        direction: the direction [b, *d], with a root mean square of 1.
        h: the length of the move, 0-dim or [b, 1, ...].
        dtype: the dtype that the network reads.

    Returns:
        The moved state and the change, both in x's dtype. The change is the same before and after
        rounding to `dtype`, up to a unit in the last place where the exponent changes.
    """
    rounded = (x + h.to(x) * direction).to(dtype)
    change = rounded.to(x.dtype) - x.to(dtype).to(x.dtype)
    return x + change, change
