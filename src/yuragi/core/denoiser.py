r"""Denoisers: `(x_t, t) -> x0_hat`, the expected clean image, with the condition already bound.

`NetworkDenoiser` makes one from a network. It is the only place that knows the network's dtype:
the state stays float32, the network runs in its own dtype, and the time is never rounded to that
dtype. A condition is a mapping of batch-first tensors. A condition of batch c serves a state of
batch b if c divides b: the whole condition is repeated (c0 c1 c0 c1 ...), which fits states stacked
as cat([edited, reference]).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

from yuragi.core.prediction import Prediction
from yuragi.core.schedule import Schedule
from yuragi.errors import InputError

__all__ = [
    "Condition",
    "Counting",
    "Denoiser",
    "Network",
    "NetworkDenoiser",
    "in_precision",
    "tile",
]

Condition: TypeAlias = Mapping[str, Tensor]
"""Keyword arguments of the network: batch-first tensors, such as `encoder_hidden_states`."""


class Denoiser(Protocol):
    """The expected clean image E[x_0 | x_t] under `schedule`."""

    @property
    def schedule(self) -> Schedule: ...

    def __call__(self, x: Tensor, t: Tensor, /) -> Tensor:
        """Map a state x [b, *d] at time t (0-dim) to the expected clean image, of x's shape."""


class Network(Protocol):
    """A plain callable. If it has an attribute `dtype`, state and condition are cast to it."""

    def __call__(self, x: Tensor, timestep: Tensor, condition: Condition | None, /) -> Tensor:
        """Map x [b, *d] and timestep [b] (in the state's dtype) to an output of x's shape."""


def tile(condition: Condition | None, batch: int) -> Condition | None:
    """Repeat a condition until it has `batch` rows.

    Raises:
        InputError: an entry's batch does not divide `batch`.
    """
    if condition is None:
        return None
    return {name: _tile(name, value, batch) for name, value in condition.items()}


def in_precision(condition: Condition | None, dtype: torch.dtype) -> Condition | None:
    """The condition in the network's precision; labels and masks are not converted."""
    if condition is None:
        return None
    return {
        name: value.to(dtype) if value.is_floating_point() else value
        for name, value in condition.items()
    }


def _tile(name: str, value: Tensor, batch: int) -> Tensor:
    rows = len(value)
    if rows == 0 or batch % rows:
        raise InputError(f"condition[{name!r}]", rows, f"a batch that divides the state's, {batch}")
    return value if rows == batch else value.repeat(batch // rows, *[1] * (value.ndim - 1))


@dataclass(frozen=True)
class NetworkDenoiser:
    """A network with its schedule, the meaning of its output, and its condition.

    Raises:
        InputError: when called with a batch that is not a multiple of the condition's, or at alpha
            = 0 with an epsilon-predicting network; the network is not called.

    Attributes:
        network: the network.
        schedule: the noise levels.
        prediction: the meaning of the network's output.
        condition: the condition of the network, if any.
        precision: the dtype in which the network computes, if that is not the dtype that it reads.
    """

    network: Network
    schedule: Schedule
    prediction: Prediction
    condition: Condition | None = None
    precision: torch.dtype | None = None

    def bind(self, condition: Condition | None) -> NetworkDenoiser:
        """The same network under another condition."""
        return replace(self, condition=condition)

    def check(self, t: Tensor) -> None:
        """Refuse a time (0-dim) at which the network cannot denoise; the network is not called.

        Raises:
            InputError: the network predicts epsilon, and alpha(t) = 0.
        """
        alpha, sigma = self.schedule(t)
        self.prediction.inputs(alpha, t, alpha, sigma)

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        alpha, sigma = self.schedule(t)
        state, time = self.prediction.inputs(x, t, alpha, sigma)
        dtype: torch.dtype = getattr(self.network, "dtype", None) or x.dtype
        condition = in_precision(tile(self.condition, len(x)), dtype)
        # Time keeps the state's dtype: 999 is not a bfloat16 number.
        out = self.network(state.to(dtype), time.to(x).expand(len(x)), condition)
        return self.prediction.x0(out.to(x.dtype), x, alpha, sigma)


class Counting:
    """A network that counts its `calls` and its `evaluations` (evaluated samples: calls times
    batch).

    Wrap the network before passing it to a `NetworkDenoiser`, so that guidance and batching are
    counted as well.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.dtype: torch.dtype | None = getattr(network, "dtype", None)
        self.calls = 0
        self.evaluations = 0

    def __call__(self, x: Tensor, timestep: Tensor, condition: Condition | None) -> Tensor:
        self.calls += 1
        self.evaluations += len(x)
        return self.network(x, timestep, condition)
