"""Stable Diffusion 1.x and 2.x: a UNet on latents, one text encoder; eps or v."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from yuragi.adapters.codec import Codec
from yuragi.adapters.families.parts import (
    Parts,
    Wrapped,
    cell_of,
    given,
    prediction_of,
    shown_images,
    warn_of_long,
)
from yuragi.adapters.model import Capabilities
from yuragi.adapters.schedules import schedule_from_config
from yuragi.core import Condition

__all__ = ["sd"]


class UNet(Wrapped):
    """A `UNet2DConditionModel`."""

    def __call__(self, x: Tensor, timestep: Tensor, condition: Condition | None) -> Tensor:
        told = given(condition)
        output: Tensor = self.module(
            x,
            timestep,
            told.get("encoder_hidden_states"),
            added_cond_kwargs={"image_embeds": shown_images(told)},
        ).sample
        return output


def sd(pipeline: Any) -> Parts:
    """The parts of a `StableDiffusionPipeline`."""
    unet, vae, config = pipeline.unet, pipeline.vae, pipeline.scheduler.config
    cell = cell_of(vae)

    def encode(prompts: Sequence[str]) -> Condition:
        warn_of_long(pipeline.tokenizer, prompts)
        embeddings, _ = pipeline.encode_prompt(
            list(prompts),
            pipeline._execution_device,
            num_images_per_prompt=1,
            do_classifier_free_guidance=False,
        )
        return {"encoder_hidden_states": embeddings}

    return Parts(
        unet,
        UNet(unet),
        schedule_from_config(config),
        prediction_of(config),
        Codec(vae, cell, cell * 2 ** (len(unet.config.block_out_channels) - 1)),
        encode,
        Capabilities("Stable Diffusion", text=True),
        int(unet.config.sample_size),
    )
