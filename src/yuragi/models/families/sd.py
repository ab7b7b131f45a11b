"""Stable Diffusion 1.x and 2.x: a UNet on latents, one text encoder; eps or v."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import Tensor

from yuragi.core import Condition
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

__all__ = ["SD", "sd"]


@dataclass(frozen=True)
class UNet(Wrapped):
    """The interface of a `UNet2DConditionModel`.

    Attributes:
        guidance: the guidance input; see `yuragi.models.families.parts.distilled_guidance`.
    """

    guidance: Tensor | None

    def __call__(self, x: Tensor, timestep: Tensor, condition: Condition | None) -> Tensor:
        told = given(condition)
        output: Tensor = self.module(
            x,
            timestep,
            told.get("encoder_hidden_states"),
            timestep_cond=None if self.guidance is None else self.guidance.to(x),
            added_cond_kwargs={"image_embeds": shown_images(told)},
        ).sample
        return output


def sd(pipeline: Any) -> Parts:
    """The parts of a `StableDiffusionPipeline`."""
    unet, vae, config = pipeline.unet, pipeline.vae, pipeline.scheduler.config
    cell = cell_of(vae)
    check_channels(unet, int(vae.config.latent_channels))

    def encode(prompts: Sequence[str]) -> Condition:
        with said_once():
            embeddings, _ = pipeline.encode_prompt(
                list(prompts),
                pipeline._execution_device,
                num_images_per_prompt=1,
                do_classifier_free_guidance=False,
            )
        return {"encoder_hidden_states": embeddings}

    return Parts(
        unet,
        UNet(unet, distilled_guidance(pipeline)),
        schedule_from_config(config),
        prediction_of(config),
        Codec(vae, cell, cell * 2 ** (len(unet.config.block_out_channels) - 1)),
        encode,
        Capabilities("Stable Diffusion", text=True),
        int(unet.config.sample_size),
        left_out=partial(too_long, pipeline, {"": None}),
    )


SD = Family(sd, loading={"safety_checker": None, "requires_safety_checker": False})
