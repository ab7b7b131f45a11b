r"""What a network's output means, and how to read x_0 from it.

A *direct* network reads the state and the time as they are and returns a linear mix of x_0 and
eps; with x_t = alpha x_0 + sigma eps that is a two-by-two system, solved here once per kind:

    epsilon   eps                        v     alpha eps - sigma x_0
    sample    x_0                        flow  eps - x_0

An *EDM* network reads a scaled state and log sigma, and returns a residual; together with its own
wrapper it is `Denoised`. All conversions are pure, hold for any (alpha, sigma) (not only on the
unit circle) and broadcast.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import torch
from torch import Tensor

from yuragi.errors import InputError

__all__ = [
    "Denoised",
    "Direct",
    "EDMPreconditioning",
    "Prediction",
    "epsilon",
    "flow",
    "predictions",
    "sample",
    "v_prediction",
]

Convert = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]


class Prediction(Protocol):
    """The input and the output of a network. Shapes: x, out [b, *d]; scalars are 0-dim."""

    def inputs(self, x: Tensor, t: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the network reads: (state, time)."""

    @property
    def x0(self) -> Convert:
        """(out, x, alpha, sigma) -> x_0, of x's shape."""


def _as_it_is(t: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
    return t


@dataclass(frozen=True)
class Direct:
    """A network that reads x unchanged.

    Attributes:
        name: the name of the prediction in diffusers (`prediction_type`).
        target: function (x_0, eps, alpha, sigma) -> the output of a perfect network.
        x0: function (out, x, alpha, sigma) -> x_0.
        eps: function (out, x, alpha, sigma) -> eps.
        time: function (t, alpha, sigma) -> the time that the network reads; by default t itself.
    """

    name: str
    target: Convert
    x0: Convert
    eps: Convert
    time: Callable[[Tensor, Tensor, Tensor], Tensor] = _as_it_is

    def inputs(self, x: Tensor, t: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        return x, self.time(t, alpha, sigma)


def _check_signal(alpha: Tensor) -> None:
    if bool((alpha == 0).any()):
        allowed = (
            "v_prediction, sample or flow_prediction, unless the level without signal is left out "
            "(timestep_spacing leading, or a strength below 1)"
        )
        reason = "noise does not determine the picture at a level without signal"
        raise InputError("prediction_type", "epsilon", allowed, reason)


def _time_with_signal(t: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
    _check_signal(alpha)
    return t


def _x0_from_epsilon(out: Tensor, x: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
    _check_signal(alpha)
    return (x - sigma * out) / alpha


epsilon = Direct(
    "epsilon",
    target=lambda x0, eps, alpha, sigma: eps,
    x0=_x0_from_epsilon,
    eps=lambda out, x, alpha, sigma: out,
    time=_time_with_signal,
)
"""Ho et al. 2020. Where alpha = 0, eps does not determine x_0: `time`, which is read before the
network runs, and `x0` raise InputError."""

sample = Direct(
    "sample",
    target=lambda x0, eps, alpha, sigma: x0,
    x0=lambda out, x, alpha, sigma: out,
    eps=lambda out, x, alpha, sigma: (x - alpha * out) / sigma,
)
"""The network returns x_0 itself. Its `eps` needs sigma > 0."""

v_prediction = Direct(
    "v_prediction",
    target=lambda x0, eps, alpha, sigma: alpha * eps - sigma * x0,
    x0=lambda out, x, alpha, sigma: (alpha * x - sigma * out) / (alpha**2 + sigma**2),
    eps=lambda out, x, alpha, sigma: (sigma * x + alpha * out) / (alpha**2 + sigma**2),
)
"""Salimans & Ho 2022 (arXiv 2202.00512), appendix D."""

flow = Direct(
    "flow_prediction",
    target=lambda x0, eps, alpha, sigma: eps - x0,
    x0=lambda out, x, alpha, sigma: (x - sigma * out) / (alpha + sigma),
    eps=lambda out, x, alpha, sigma: (x + alpha * out) / (alpha + sigma),
)
"""Rectified flow's velocity dx/dt; Liu et al. 2023 (arXiv 2209.03003)."""

predictions: Mapping[str, Direct] = MappingProxyType(
    {kind.name: kind for kind in (epsilon, sample, v_prediction, flow)}
)
"""The direct predictions by diffusers' `prediction_type`."""


@dataclass(frozen=True)
class EDMPreconditioning:
    """D(y; s) = c_skip y + c_out F(c_in y; c_noise), with y = x / alpha and s = sigma / alpha.

        c_skip = sd^2 / (s^2 + sd^2)            c_in = 1 / sqrt(s^2 + sd^2)
        c_out = s sd / sqrt(s^2 + sd^2)         c_noise = log(s) / 4

    The equations are for alpha = 1; dividing by alpha lets the same network run under any schedule
    with alpha > 0. `sigma_data` (sd) is the standard deviation of the training data.

    References: Karras et al. 2022 (arXiv 2206.00364), equation 7 and table 1.
    """

    sigma_data: float = 0.5

    def inputs(self, x: Tensor, t: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        s = sigma / alpha
        return x / alpha / torch.sqrt(s**2 + self.sigma_data**2), s.log() / 4

    @property
    def x0(self) -> Convert:
        return self._x0

    def _x0(self, out: Tensor, x: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        s, total = sigma / alpha, (sigma / alpha) ** 2 + self.sigma_data**2
        return self.sigma_data**2 / total * x / alpha + s * self.sigma_data / total.sqrt() * out


@dataclass(frozen=True)
class Denoised:
    """D(y; s) itself, as the networks of EDM and EDM2 return it: y = x / alpha, s = sigma / alpha.

    It works with any schedule with alpha > 0.

    References: Karras et al. 2022 (arXiv 2206.00364), section 2.
    """

    def inputs(self, x: Tensor, t: Tensor, alpha: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        return x / alpha, sigma / alpha

    @property
    def x0(self) -> Convert:
        return lambda out, x, alpha, sigma: out
