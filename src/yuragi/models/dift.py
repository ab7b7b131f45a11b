r"""DIFT: feature maps from a diffusion UNet, to find corresponding points in another picture.

The picture's latent gets noise up to a time t, for several noise samples, and the output of one of
the UNet's up blocks is averaged over the samples.

References: Tang et al. 2023 (arXiv 2306.03881), section 4; settings for drags as in the evaluation
of DragDiffusion: t = 261, up block 1, 8 noises.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from yuragi.core import SeededNoise
from yuragi.errors import InputError
from yuragi.models.model import DiffusionModel

__all__ = ["DIFT"]


@dataclass(frozen=True)
class DIFT:
    """Features of pictures from the network of a model (DIFT).

    Attributes:
        model: the model, with a UNet of diffusers.
        time: the time t at which the network is evaluated.
        block: the index of the UNet's up block, 0 for the coarsest.
        samples: the number of noise samples to average over.
        seed: the seed of the noise, which is the same for every picture.

    Raises:
        InputError: the block or the time does not exist, or there are no samples.
    """

    model: DiffusionModel
    time: float = 261.0
    block: int = 1
    samples: int = 8
    seed: int = 42

    def __post_init__(self) -> None:
        if not hasattr(self.model.network, "up_blocks"):
            allowed = "a model with a UNet of diffusers"
            raise InputError("features", self.model.capabilities.family, allowed)
        schedule, blocks = self.model.denoiser.schedule, len(self._blocks)
        if not 0 <= self.block < blocks:
            raise InputError("block", self.block, f"0 to {blocks - 1}, an up block of this UNet")
        if not schedule.faintest <= self.time <= schedule.noisiest:
            allowed = f"{schedule.faintest:g} to {schedule.noisiest:g}"
            raise InputError("time", self.time, allowed)
        if self.samples < 1:
            raise InputError("samples", self.samples, "1 or more")

    @property
    def _blocks(self) -> nn.ModuleList:
        return cast(nn.ModuleList, self.model.network.up_blocks)

    @torch.no_grad()
    def __call__(self, images: Tensor, prompts: Sequence[str]) -> Tensor:
        """Feature maps [b, c, h', w'] of pictures, float32 on the CPU.

        Args:
            images: the pictures [b, 3, h, w] in [-1, 1].
            prompts: the description of each picture.
        """
        model = self.model
        strong = model.bind(prompts)
        z = model.codec.encode(images.to(model.device))
        t = torch.tensor(self.time, dtype=torch.float64)
        alpha, sigma = (value.to(z) for value in strong.schedule(t))
        seen: list[Tensor] = []
        hook = self._blocks[self.block].register_forward_hook(
            lambda module, given, out: seen.append(out.float().cpu())
        )
        try:
            for k in range(self.samples):
                eps = SeededNoise(self.seed, [k], "dift")(0, z[:1]).expand_as(z)
                strong(alpha * z + sigma * eps, t)
        finally:
            hook.remove()
        return torch.stack(seen).mean(0)
