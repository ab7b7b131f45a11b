"""The baselines of the drag suite: a paste, and the published methods.

Pictures are [n, 3, h, w] in [-1, 1]. Every case has its own seed.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from PIL import Image
from torch import Tensor

from yuragi.drag import handles
from yuragi.drag.paste import paste
from yuragi.images.tensors import from_tensor, to_tensor
from yuragi.models.model import DiffusionModel
from yuragi.research.bench.drag.cases import Cases
from yuragi.research.bench.drag.method import (
    Method,
    asked,
    box_radius,
    by_preset,
    requested,
)
from yuragi.research.bench.dragbench import Sample
from yuragi.research.bench.lora import anew
from yuragi.tasks.drag import DragRequest, LoRA

__all__ = ["pasted", "pasted_one", "published", "published_with_lora"]

WITH_LORA = 24
"""The number of first cases that are run with a LoRA, which takes longer than all other rows; they
contain each kind and length of motion."""


def pasted(model: DiffusionModel, cases: Cases, seed: int) -> Tensor:
    """The boxes of SDE-Drag copied in the clean latent, without any diffusion."""
    return torch.cat([to_tensor(pasted_one(model, sample)) for sample in cases.samples])


def pasted_one(model: DiffusionModel, sample: Sample) -> Image.Image:
    """The same as `pasted` for one picture."""
    before = sample.image
    z = model.codec.encode(to_tensor(before).to(model.device))
    moves = handles(sample.points, model.codec.cell)
    radius = box_radius() * min(z.shape[-2:])
    after = paste(z, z, moves, radius, gain=1.0, keep=1.0, noise=torch.zeros_like(z))
    return _held(from_tensor(model.codec.decode(after, before.height, before.width))[0], sample)


def published(preset: str, sampler: str) -> Method:
    """SDE-Drag or ODE-Drag with the settings of a preset."""
    return asked(f"{preset} {sampler}", by_preset(preset, sampler))


def published_with_lora(preset: str, rank: int) -> Method:
    """SDE-Drag with a LoRA that is newly fitted to every picture; its training is counted too."""

    def ask(sample: Sample, seed: int) -> tuple[DragRequest, Mapping[str, Image.Image]]:
        request, sources = requested(sample, preset, "sde", seed)
        return request.model_copy(update={"lora": LoRA(rank=rank)}), sources

    way = asked(f"{preset} sde LoRA rank {rank}", ask)

    def make(model: DiffusionModel, cases: Cases, seed: int) -> Tensor:
        with anew():
            return way.make(model, cases, seed)

    return Method(way.settings, ask, make, WITH_LORA)


def _held(after: Image.Image, sample: Sample) -> Image.Image:
    """The result, with the original picture outside the mask."""
    mask = sample.mask
    return after if mask is None else Image.composite(after, sample.image, mask)
