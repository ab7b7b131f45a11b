"""Stable Diffusion XL: two text encoders, and the picture's size as a condition.

The size is taken from the state: the original and the target size are those of the padded picture,
and the crop starts at its corner. An empty prompt is encoded as zeros if the pipeline's
configuration says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from yuragi.core import Condition
from yuragi.errors import InputError
from yuragi.models.codec import Codec
from yuragi.models.families.family import Family
from yuragi.models.families.parts import (
    Parts,
    Wrapped,
    cell_of,
    check_channels,
    distilled_guidance,
    given,
    prediction_of,
    shown_images,
)
from yuragi.models.families.words import said_once, too_long
from yuragi.models.model import Capabilities
from yuragi.models.schedules import schedule_from_config

__all__ = ["SDXL", "sdxl"]


@dataclass(frozen=True)
class SizedUNet(Wrapped):
    """The interface of a `UNet2DConditionModel` that also reads a pooled text and the size.

    Attributes:
        cell: the side of a cell in pixels.
        guidance: the guidance input; see `yuragi.models.families.parts.distilled_guidance`.
    """

    cell: int
    guidance: Tensor | None

    def __call__(self, x: Tensor, timestep: Tensor, condition: Condition | None) -> Tensor:
        told = given(condition)
        height, width = (side * self.cell for side in x.shape[-2:])
        size = [[float(height), float(width), 0.0, 0.0, float(height), float(width)]]
        added: dict[str, Tensor | list[Tensor]] = {
            "text_embeds": told["text_embeds"],
            "time_ids": x.new_tensor(size * len(x)),
            "image_embeds": shown_images(told),
        }
        output: Tensor = self.module(
            x,
            timestep,
            told["encoder_hidden_states"],
            timestep_cond=None if self.guidance is None else self.guidance.to(x),
            added_cond_kwargs=added,
        ).sample
        return output


def sdxl(pipeline: Any) -> Parts:
    """The parts of a `StableDiffusionXLPipeline`.

    Raises:
        InputError: the pipeline is a refiner, or its network reads more than the noisy latent.
    """
    if pipeline.config.get("requires_aesthetics_score"):
        allowed = "a base model; refiners, which read a score instead of a size, are not supported"
        raise InputError("model", type(pipeline).__name__, allowed)
    unet, vae, config = pipeline.unet, pipeline.vae, pipeline.scheduler.config
    cell = cell_of(vae)
    check_channels(unet, int(vae.config.latent_channels))
    zeros = bool(pipeline.config.get("force_zeros_for_empty_prompt"))

    def encode(prompts: Sequence[str]) -> Condition:
        with said_once():
            words, _, pooled, _ = pipeline.encode_prompt(
                list(prompts),
                device=pipeline._execution_device,
                num_images_per_prompt=1,
                do_classifier_free_guidance=False,
            )
        if zeros:
            said = torch.tensor([bool(prompt) for prompt in prompts], device=words.device)
            words, pooled = words * said[:, None, None], pooled * said[:, None]
        return {"encoder_hidden_states": words, "text_embeds": pooled}

    return Parts(
        unet,
        SizedUNet(unet, cell, distilled_guidance(pipeline)),
        schedule_from_config(config),
        prediction_of(config),
        Codec(vae, cell, cell * 2 ** (len(unet.config.block_out_channels) - 1)),
        encode,
        Capabilities("Stable Diffusion XL", text=True),
        int(unet.config.sample_size),
        left_out=partial(too_long, pipeline, {"": None, "_2": None}),
    )


SDXL = Family(sdxl)
