"""DiT: a transformer on latents, conditioned on a class; its learned variance is dropped.

Pictures are padded to squares, because the network supports no other shape.

A prompt is a class number or name. An empty prompt is the null class, with which DiT was trained.
"""

from __future__ import annotations

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
    labelled,
    prediction_of,
    without_variance,
)
from yuragi.models.model import Capabilities
from yuragi.models.schedules import schedule_from_config

__all__ = ["DIT", "dit"]


class DiTTransformer(Wrapped):
    """The interface of a `DiTTransformer2DModel`."""

    def __call__(self, x: Tensor, timestep: Tensor, condition: Condition | None) -> Tensor:
        labels = given(condition)["class_labels"].to(x.device)
        output: Tensor = self.module(x, timestep=timestep, class_labels=labels).sample
        return without_variance(output, x.shape[1])


def dit(pipeline: Any) -> Parts:
    """The parts of a `DiTPipeline`."""
    transformer, vae, config = pipeline.transformer, pipeline.vae, pipeline.scheduler.config
    cell, classes = cell_of(vae), int(transformer.config.num_embeds_ada_norm)
    check_channels(transformer, int(vae.config.latent_channels))
    return Parts(
        transformer,
        DiTTransformer(transformer),
        schedule_from_config(config),
        prediction_of(config),
        Codec(vae, cell, cell * int(transformer.config.patch_size), square=True),
        labelled(classes, classes, dict(pipeline.labels)),
        Capabilities("DiT", classes=classes),
        int(transformer.config.sample_size),
    )


DIT = Family(dit)
