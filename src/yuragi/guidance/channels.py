"""Guidance on some channels only, for agreement with DiT's own code.

That code guides the first three of four latent channels and uses the strong denoiser for the last.
The pipeline of diffusers guides all channels, which is the default here as well.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from yuragi.core.denoiser import Denoiser
from yuragi.errors import InputError
from yuragi.guidance.gain import Cost, Gain, Guidance

__all__ = ["OnChannels"]


@dataclass(frozen=True)
class OnChannels:
    """Apply a gain to the first `channels` channels only.

    Raises:
        InputError: channels is below 1.
    """

    gain: Gain
    channels: int

    def __post_init__(self) -> None:
        if self.channels < 1:
            raise InputError("channels", self.channels, "1 or more")

    @property
    def cost(self) -> Cost:
        return self.gain.cost

    def __call__(
        self, strong: Denoiser, weak: Denoiser, x: Tensor, t: Tensor, weight: Tensor
    ) -> Guidance:
        guidance = self.gain(strong, weak, x, t, weight)
        direction = guidance.direction.clone()
        direction[:, self.channels :] = 0
        return guidance.turned(direction)
