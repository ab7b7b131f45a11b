"""`UNet2DModel` on pixels, of DDPM and DDIM pipelines: unconditional, or conditioned on a class."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from yuragi.core import Condition
from yuragi.errors import InputError
from yuragi.models.codec import Pixels
from yuragi.models.families.family import Family
from yuragi.models.families.parts import (
    Parts,
    Wrapped,
    given,
    labelled,
    prediction_of,
    without_variance,
    wordless,
)
from yuragi.models.model import Capabilities
from yuragi.models.schedules import schedule_from_config

__all__ = ["PIXELS", "pixels"]


class PixelUNet(Wrapped):
    """The interface of a `UNet2DModel`."""

    def __call__(self, x: Tensor, timestep: Tensor, condition: Condition | None) -> Tensor:
        labels = given(condition).get("class_labels")
        told = None if labels is None else labels.to(x.device)
        output: Tensor = self.module(x, timestep, class_labels=told).sample
        return without_variance(output, x.shape[1])


def pixels(pipeline: Any) -> Parts:
    """The parts of a `DDPMPipeline` or `DDIMPipeline`."""
    unet, config = pipeline.unet, pipeline.scheduler.config
    classes = unet.config.num_class_embeds
    size, channels = unet.config.sample_size, int(unet.config.in_channels)
    if channels not in (1, 3):
        found = f"{type(unet).__name__} of {channels} channels"
        raise InputError("model", found, "a network of 3 channels, for colour, or 1, for grey")
    return Parts(
        unet,
        PixelUNet(unet),
        schedule_from_config(config),
        prediction_of(config),
        Pixels(channels, 2 ** (len(unet.config.block_out_channels) - 1)),
        wordless if classes is None else labelled(int(classes), None),
        Capabilities(
            "pixel UNet",
            classes=None if classes is None else int(classes),
            empty=classes is None,
            latent=False,
        ),
        int(size if isinstance(size, int) else size[0]),
    )


PIXELS = Family(pixels)
