r"""Between pixels and latents, for any autoencoder of diffusers.

    z = (E(x) - shift) * factor,    x = D(z / factor + shift)

E is the mode of the posterior where the autoencoder has one: an edit must not add noise of its
own. Pictures whose sides are no multiple of `multiple` are padded by repeating their edge, and the
padding is cut off after decoding; so pixel coordinates never change.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from diffusers import AutoencoderKL, AutoencoderTiny
from torch import Tensor, nn

__all__ = ["Codec"]


@dataclass(frozen=True)
class Codec:
    """Encode pictures to latents and back.

    Attributes:
        autoencoder: AutoencoderKL or AutoencoderTiny.
        cell: pixels a latent cell covers, per side.
        multiple: the picture's sides are padded to a multiple of this many pixels.
    """

    autoencoder: AutoencoderKL | AutoencoderTiny
    cell: int
    multiple: int

    @property
    def channels(self) -> int:
        """Channels of a latent."""
        return int(self.autoencoder.config.latent_channels)

    @torch.no_grad()
    def encode(self, images: Tensor) -> Tensor:
        """Float32 images (b, 3, h, w) in [-1, 1] -> float32 latents (b, c, h', w').

        h' and w' are h and w, padded up to `multiple`, over `cell`.
        """
        height, width = images.shape[-2:]
        padding = (0, -width % self.multiple, 0, -height % self.multiple)
        padded = nn.functional.pad(images, padding, mode="replicate")
        encoded = self.autoencoder.encode(
            padded.to(self.autoencoder.device, self.autoencoder.dtype)
        )
        if isinstance(self.autoencoder, AutoencoderTiny):
            latents: Tensor = encoded.latents
        else:
            latents = encoded.latent_dist.mode()
        return (latents.float() - self._shift) * self._factor

    @torch.no_grad()
    def decode(self, latents: Tensor, height: int, width: int) -> Tensor:
        """Latents (b, c, h', w') -> float32 images (b, 3, height, width), clamped to [-1, 1]."""
        raw = latents / self._factor + self._shift
        images: Tensor = self.autoencoder.decode(raw.to(self.autoencoder.dtype)).sample
        return images.float().clamp(-1, 1)[..., :height, :width]

    @property
    def _factor(self) -> float:
        return float(self.autoencoder.config.scaling_factor)

    @property
    def _shift(self) -> float:
        return float(getattr(self.autoencoder.config, "shift_factor", None) or 0.0)
