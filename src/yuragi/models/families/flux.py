"""FLUX: rectified flow on packed latents, CLIP and T5 encoders, guidance as a distilled input.

A token consists of 2 x 2 cells, with four times the channels and a position. A network that was
distilled to take a guidance scale (``guidance_embeds``) receives `DISTILLED`, its authors' default.
The guidance of Yuragi is applied in addition, and is off at scale 1.
"""

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

__all__ = ["FLUX", "flux"]

PACK = 2
DISTILLED = 3.5


class FluxTransformer(Wrapped):
    """The interface of a `FluxTransformer2DModel`, which reads sigma."""

    def __call__(self, x: Tensor, timestep: Tensor, condition: Condition | None) -> Tensor:
        told = given(condition)
        b, c, h, w = x.shape
        rows, columns = h // PACK, w // PACK
        tokens = x.reshape(b, c, rows, PACK, columns, PACK).permute(0, 2, 4, 1, 3, 5)
        words = told["encoder_hidden_states"]
        guidance = None
        if self.module.config.guidance_embeds:
            guidance = torch.full((b,), DISTILLED, device=x.device, dtype=torch.float32)
        out: Tensor = self.module(
            hidden_states=tokens.reshape(b, rows * columns, c * PACK**2),
            timestep=timestep.to(x.dtype),
            guidance=guidance,
            pooled_projections=told["pooled_projections"],
            encoder_hidden_states=words,
            txt_ids=x.new_zeros(words.shape[1], 3),
            img_ids=_places(rows, columns).to(x),
        ).sample
        unpacked = out.reshape(b, rows, columns, c, PACK, PACK).permute(0, 3, 1, 4, 2, 5)
        return unpacked.reshape(b, c, h, w)


def _places(rows: int, columns: int) -> Tensor:
    """The position (0, row, column) of every token."""
    places = torch.zeros(rows, columns, 3)
    places[..., 1] = torch.arange(rows)[:, None]
    places[..., 2] = torch.arange(columns)[None, :]
    return places.reshape(rows * columns, 3)


def flux(pipeline: Any) -> Parts:
    """The parts of a `FluxPipeline`."""
    transformer, vae = pipeline.transformer, pipeline.vae
    cell = cell_of(vae)
    check_channels(transformer, int(vae.config.latent_channels) * PACK**2)
    side = int(pipeline.default_sample_size)
    tokens = (side // PACK) ** 2

    def encode(prompts: Sequence[str]) -> Condition:
        with said_once():
            words, pooled, _ = pipeline.encode_prompt(
                list(prompts), None, device=pipeline._execution_device, num_images_per_prompt=1
            )
        return {"encoder_hidden_states": words, "pooled_projections": pooled}

    return Parts(
        transformer,
        FluxTransformer(transformer),
        flow_from_config(pipeline.scheduler.config, tokens),
        velocity,
        Codec(vae, cell, cell * PACK),
        encode,
        Capabilities("FLUX", text=True, flow=True),
        side,
        PACK,
        left_out=partial(too_long, pipeline, {"": None, "_2": usual_length(pipeline)}),
    )


FLUX = Family(flux, half=torch.bfloat16)
