"""EDM and EDM2: networks that denoise in sigma space, as loaded by their authors' code.

Such a network is called as ``network(y, sigma, class_labels)`` with y = x_0 + sigma eps, class
labels one-hot or None, and returns x_0; its attributes say ``img_resolution``, ``img_channels`` and
``label_dim``. It runs under a variance-preserving schedule (`Denoised`), so that `strength` and
time grids mean the same as for other models, and is limited to the levels of the network. The grid
``native`` is EDM's own, from sigma 80 to 0.002 with rho 7, with the same limits.

References: Karras et al. 2022 (arXiv 2206.00364), equation 5 and table 1; Karras et al. 2024
(arXiv 2312.02696).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from yuragi.core import (
    Condition,
    Denoised,
    EDMSchedule,
    NetworkDenoiser,
    Schedule,
    VPSchedule,
    karras,
    time_grids,
)
from yuragi.errors import InputError
from yuragi.models.card import card_of
from yuragi.models.codec import Codec, Pixels
from yuragi.models.fingerprint import fingerprint_of
from yuragi.models.model import Capabilities, DiffusionModel

__all__ = ["is_edm", "wrap_edm"]

ATTRIBUTES = ("img_resolution", "img_channels", "label_dim")


def is_edm(network: object) -> bool:
    """Whether an object looks like a network of EDM or EDM2."""
    return callable(network) and all(hasattr(network, name) for name in ATTRIBUTES)


def wrap_edm(
    network: nn.Module,
    codec: Codec | None = None,
    sigma_min: float = 0.002,
    sigma_max: float = 80.0,
) -> DiffusionModel:
    """Wrap a network of EDM or EDM2 as a model.

    Args:
        network: the network, with the attributes above; it is not changed.
        codec: the codec between pixels and latents, for networks on latents.
        sigma_min: the lowest noise level of the grid ``native``; the network's own `sigma_min`, if
            any, is a lower bound.
        sigma_max: the highest noise level of the grid ``native``; the network's own `sigma_max`, if
            any, is an upper bound.

    Raises:
        InputError: a network on four or more channels has no codec, or no noise levels are left.
    """
    channels, size, classes = (
        int(getattr(network, name)) for name in ("img_channels", "img_resolution", "label_dim")
    )
    if codec is None and channels not in (1, 3):
        allowed = f"a codec for a network on {channels} channels"
        raise InputError("codec", codec, allowed)
    levels = _levels(network, sigma_min, sigma_max)
    return DiffusionModel(
        None,
        fingerprint_of(network),
        card_of(network, None, {}),
        network,
        network,
        NetworkDenoiser(
            _SigmaSpace(network, classes),
            _schedule(network),
            Denoised(),
            precision=_precision(network),
        ),
        codec or Pixels(channels, _halvings(size)),
        _Labels(classes),
        Capabilities("EDM", classes=classes or None, latent=codec is not None),
        size,
        {**time_grids, "native": partial(_native, levels)},
    )


def _known(network: nn.Module) -> tuple[float, float]:
    """The lowest and the highest noise level of the network."""
    lowest, highest = getattr(network, "sigma_min", 0.0), getattr(network, "sigma_max", math.inf)
    return float(lowest), float(highest)


def _schedule(network: nn.Module) -> VPSchedule:
    """The variance-preserving schedule, limited to the noise levels of the network."""
    whole = VPSchedule()
    lowest, highest = whole.time(-torch.tensor(_known(network), dtype=torch.float64).log()).tolist()
    return VPSchedule(faintest=max(whole.faintest, lowest), noisiest=highest)


def _levels(network: nn.Module, sigma_min: float, sigma_max: float) -> EDMSchedule:
    """The requested range of noise levels, limited to that of network and schedule."""
    whole = VPSchedule()
    alpha, sigma = whole(torch.tensor(whole.noisiest))
    if not 0 < sigma_max <= sigma / alpha:
        raise InputError("sigma_max", sigma_max, f"above 0, at most {(sigma / alpha).item():.4g}")
    lowest, highest = _known(network)
    return EDMSchedule(max(sigma_min, lowest), min(sigma_max, highest))


def _precision(network: nn.Module) -> torch.dtype | None:
    """The precision inside a network, if it is not that of its input.

    With `use_fp16`, networks of EDM read float32 and compute in float16, on a GPU only.
    """
    on_gpu = next(network.parameters()).device.type == "cuda"
    return torch.float16 if on_gpu and getattr(network, "use_fp16", False) else None


def _native(levels: EDMSchedule, schedule: Schedule, steps: int) -> Tensor:
    """EDM's own noise levels as times of another schedule."""
    return schedule.time(-karras(levels, steps).log())


def _halvings(size: int) -> int:
    """The number of which sides must be a multiple: the power of 2 in the native size, at most 32.

    The attributes of a network do not say how often it halves its input.
    """
    return min(size & -size, 32)


@dataclass(frozen=True)
class _SigmaSpace:
    """The network with the core's interface; labels become one-hot, -1 is the null class."""

    module: Any
    classes: int

    def __call__(self, y: Tensor, sigma: Tensor, condition: Condition | None) -> Tensor:
        labels = None
        if condition is not None and self.classes:
            numbers = condition["class_labels"].to(y.device)
            labels = nn.functional.one_hot(numbers.clamp(min=0), self.classes).to(y)
            labels = labels * (numbers >= 0)[:, None]
        out: Tensor = self.module(y, sigma, labels)
        return out.to(y.dtype)


@dataclass(frozen=True)
class _Labels:
    """Prompts that are class numbers; an empty prompt is the null class, all zeros."""

    classes: int

    def __call__(self, prompts: Sequence[str]) -> Condition | None:
        numbers = [self._number(prompt.strip()) for prompt in prompts]
        return {"class_labels": torch.tensor(numbers)} if self.classes else None

    def _number(self, prompt: str) -> int:
        if not prompt:
            return -1
        if prompt.isdecimal() and int(prompt) < self.classes:
            return int(prompt)
        allowed = f"a class: 0 to {self.classes - 1}" if self.classes else "empty: no classes here"
        raise InputError("prompt", prompt, allowed)
