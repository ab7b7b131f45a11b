"""PixArt-alpha and -Sigma: a transformer on latents, T5 embeddings with a mask, eps."""

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
    given,
    prediction_of,
    without_variance,
)
from yuragi.models.families.words import said_once, too_long, usual_length
from yuragi.models.model import Capabilities
from yuragi.models.schedules import schedule_from_config

__all__ = ["PIXART", "pixart"]


@dataclass(frozen=True)
class PixArtTransformer(Wrapped):
    """The interface of a `PixArtTransformer2DModel`; large ones also read the picture's size.

    Attributes:
        cell: the side of a cell in pixels.
    """

    cell: int

    def __call__(self, x: Tensor, timestep: Tensor, condition: Condition | None) -> Tensor:
        told = given(condition)
        added: dict[str, Tensor | None] = {"resolution": None, "aspect_ratio": None}
        if self.module.use_additional_conditions:
            height, width = (float(side * self.cell) for side in x.shape[-2:])
            added = {
                "resolution": x.new_tensor([[height, width]] * len(x)),
                "aspect_ratio": x.new_tensor([[height / width]] * len(x)),
            }
        output: Tensor = self.module(
            x,
            encoder_hidden_states=told["encoder_hidden_states"],
            encoder_attention_mask=told["encoder_attention_mask"],
            timestep=timestep,
            added_cond_kwargs=added,
        ).sample
        return without_variance(output, x.shape[1])


def pixart(pipeline: Any) -> Parts:
    """The parts of a `PixArtAlphaPipeline` or `PixArtSigmaPipeline`."""
    transformer, vae, config = pipeline.transformer, pipeline.vae, pipeline.scheduler.config
    cell = cell_of(vae)
    check_channels(transformer, int(vae.config.latent_channels))

    def encode(prompts: Sequence[str]) -> Condition:
        with said_once():
            words, mask, _, _ = pipeline.encode_prompt(
                list(prompts),
                do_classifier_free_guidance=False,
                device=pipeline._execution_device,
                num_images_per_prompt=1,
            )
        return {"encoder_hidden_states": words, "encoder_attention_mask": mask}

    return Parts(
        transformer,
        PixArtTransformer(transformer, cell),
        schedule_from_config(config),
        prediction_of(config),
        Codec(vae, cell, cell * int(transformer.config.patch_size)),
        encode,
        Capabilities("PixArt", text=True),
        int(transformer.config.sample_size),
        left_out=partial(too_long, pipeline, {"": usual_length(pipeline)}),
    )


PIXART = Family(pixart)
