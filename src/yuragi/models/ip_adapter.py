"""Pictures as prompts: IP-Adapters that the user loaded into a pipeline.

The pipeline converts a picture to an embedding for each adapter, and to another embedding for no
picture. The result is conditioned on the first; the weak side of guidance and the source side of an
edit are conditioned on the second.

Reference: Ye et al. 2023 (arXiv 2308.06721).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from PIL import Image
from torch import Tensor

from yuragi.core import Condition
from yuragi.errors import InputError
from yuragi.models.families.parts import IMAGES
from yuragi.models.model import DiffusionModel, PromptEncoder

__all__ = ["with_images"]


def with_images(model: DiffusionModel, images: Sequence[Image.Image]) -> DiffusionModel:
    """The model conditioned on a picture for each IP-Adapter of its pipeline.

    Raises:
        InputError: the numbers of pictures and adapters differ, or the pipeline's family is not
            supported.
    """
    if not isinstance(model.network, UNet2DConditionModel):
        if images:
            allowed = "empty: IP-Adapters of Stable Diffusion 1.x, 2.x and XL are shown pictures"
            raise InputError("ip_adapter_image", len(images), allowed)
        return model
    adapters = _adapters(model.network)
    if len(images) != adapters:
        here = f"one picture for each IP-Adapter of the pipeline, {adapters}"
        allowed = here if adapters else "empty: the pipeline has no IP-Adapter"
        raise InputError("ip_adapter_image", len(images), allowed)
    if not images:
        return model
    with torch.no_grad():
        found: list[Tensor] = model.pipeline.prepare_ip_adapter_image_embeds(
            list(images), None, model.device, 1, True
        )
    none, shown = zip(*(embedding.chunk(2) for embedding in found), strict=True)
    return replace(
        model,
        encode=_told(model.encode, _named(shown)),
        bare=_told(model.encode, _named(none)),
    )


def _adapters(network: Any) -> int:
    """The number of IP-Adapters of a network."""
    return len(getattr(getattr(network, "encoder_hid_proj", None), "image_projection_layers", []))


def _named(embeddings: Sequence[Tensor]) -> Mapping[str, Tensor]:
    return {f"{IMAGES}{k:02}": embedding for k, embedding in enumerate(embeddings)}


def _told(encode: PromptEncoder, images: Mapping[str, Tensor]) -> PromptEncoder:
    """The encoder of prompts that adds the pictures to every prompt."""

    def told(prompts: Sequence[str]) -> Condition:
        rows = len(prompts)
        repeated = {name: e.expand(rows, *e.shape[1:]) for name, e in images.items()}
        return {**(encode(prompts) or {}), **repeated}

    return told
