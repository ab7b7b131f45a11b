"""Stable Diffusion 3: rectified flow on 16 channels, three text encoders (T5 may be missing)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
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
    velocity,
)
from yuragi.models.families.words import said_once, too_long, usual_length
from yuragi.models.model import Capabilities
from yuragi.models.schedules import flow_from_config

__all__ = ["SD3", "sd3"]


class SD3Transformer(Wrapped):
    """The interface of an `SD3Transformer2DModel`, which reads 1000 sigma."""

    def __call__(self, x: Tensor, timestep: Tensor, condition: Condition | None) -> Tensor:
        told = given(condition)
        output: Tensor = self.module(
            hidden_states=x,
            timestep=1000 * timestep,
            encoder_hidden_states=told["encoder_hidden_states"],
            pooled_projections=told["pooled_projections"],
        ).sample
        return output


def sd3(pipeline: Any) -> Parts:
    """The parts of a `StableDiffusion3Pipeline`."""
    transformer, vae = pipeline.transformer, pipeline.vae
    cell, patch = cell_of(vae), int(transformer.config.patch_size)
    check_channels(transformer, int(vae.config.latent_channels))
    side = int(transformer.config.sample_size)
    tokens = (side // patch) ** 2
    # The network has no position embeddings for larger pictures.
    largest = cell * patch * int(transformer.config.pos_embed_max_size)

    def encode(prompts: Sequence[str]) -> Condition:
        with said_once():
            words, _, pooled, _ = pipeline.encode_prompt(
                list(prompts),
                None,
                None,
                device=pipeline._execution_device,
                num_images_per_prompt=1,
                do_classifier_free_guidance=False,
            )
        return {"encoder_hidden_states": words, "pooled_projections": pooled}

    return Parts(
        transformer,
        SD3Transformer(transformer),
        flow_from_config(pipeline.scheduler.config, tokens),
        velocity,
        Codec(vae, cell, cell * patch, largest=largest),
        encode,
        Capabilities("Stable Diffusion 3", text=True, flow=True),
        side,
        patch,
        left_out=partial(too_long, pipeline, {"": None, "_2": None, "_3": usual_length(pipeline)}),
    )


SD3 = Family(sd3, half=torch.bfloat16)
