"""What a family says about a pipeline, and what several families share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from yuragi.core import Condition, Direct, Network, Schedule, flow, predictions
from yuragi.errors import InputError
from yuragi.models.codec import Codec, Pixels
from yuragi.models.model import Capabilities, Encode

__all__ = [
    "DISTILLED",
    "IMAGES",
    "Parts",
    "Wrapped",
    "cell_of",
    "check_channels",
    "distilled_guidance",
    "given",
    "labelled",
    "prediction_of",
    "shown_images",
    "velocity",
    "without_variance",
    "wordless",
]

DISTILLED = 8.5
"""Guidance scale for latent consistency models, the default of their authors' pipeline."""
IMAGES = "image_embeds."
"""How entries of a condition for IP-Adapters begin; a number follows."""


@dataclass(frozen=True)
class Parts:
    """A pipeline's parts as the core knows them; see `yuragi.models.model.DiffusionModel`.

    Attributes:
        module: the network as diffusers has it.
        network: the same as a plain network.
        patch: cells per side of a token, for networks whose noise levels depend on their number.
    """

    module: nn.Module
    network: Network
    schedule: Schedule
    prediction: Direct
    codec: Codec | Pixels
    encode: Encode
    capabilities: Capabilities
    side: int
    patch: int | None = None


@dataclass(frozen=True)
class Wrapped:
    """A module of diffusers as a plain network; families say how it is called."""

    module: Any

    @property
    def dtype(self) -> torch.dtype:
        """What the weights are stored in."""
        dtype: torch.dtype = self.module.dtype
        return dtype


def given(condition: Condition | None) -> Condition:
    """What a network is told; nothing is an empty mapping."""
    return condition or {}


def shown_images(told: Condition) -> list[Tensor]:
    """What IP-Adapters are told: embeddings [b, ...] of their pictures, one for each adapter."""
    return [told[name] for name in sorted(told) if name.startswith(IMAGES)]


def prediction_of(config: Any) -> Direct:
    """What a scheduler's configuration says that the network predicts.

    Raises:
        InputError: a kind that nobody knows.
    """
    kind = config.get("prediction_type", "epsilon")
    if kind not in predictions:
        raise InputError("prediction_type", kind, "one of " + ", ".join(predictions))
    return predictions[kind]


velocity = replace(flow, time=lambda t, alpha, sigma: sigma)
"""A flow network that reads sigma, whatever the shift of the time axis."""


def cell_of(autoencoder: Any) -> int:
    """Pixels that a latent cell covers, per side."""
    return int(2 ** (len(autoencoder.config.block_out_channels) - 1))


def without_variance(out: Tensor, channels: int) -> Tensor:
    """A network's mean, without the variance that some predict beside it."""
    return out[:, :channels]


def check_channels(network: Any, channels: int) -> None:
    """Refuse a network that reads more than the state, as those for inpainting do.

    Args:
        network: of diffusers.
        channels: of the state, as the network is given it.

    Raises:
        InputError: it has another number of input channels.
    """
    found = int(network.config.in_channels)
    if found != channels:
        allowed = (
            f"a network that reads {channels} channels, a noisy latent alone; those that also "
            "read a mask or a picture (for inpainting, depth or instructions) are not supported"
        )
        raise InputError("model", f"{type(network).__name__} of {found} channels", allowed)


def distilled_guidance(pipeline: Any) -> Tensor | None:
    """What a UNet is told that was distilled to take a guidance scale, [1, n]; None for others.

    It is the embedding of `DISTILLED` that diffusers' pipelines give it (``time_cond_proj_dim``).

    Reference: Luo et al. 2023 (arXiv 2310.04378), section 4.2.
    """
    width = pipeline.unet.config.time_cond_proj_dim
    if width is None:
        return None
    # diffusers counts from 1, no guidance; the network was trained to count from 0.
    scale = torch.tensor([DISTILLED - 1])
    embedding: Tensor = pipeline.get_guidance_scale_embedding(scale, embedding_dim=int(width))
    return embedding


def labelled(classes: int, null: int | None, names: dict[str, int] | None = None) -> Encode:
    """Prompts that are class numbers or names.

    Args:
        classes: how many there are.
        null: the class of none, for an empty prompt; None for a model without one.
        names: numbers by name.
    """
    known = names or {}

    def encode(prompts: Sequence[str]) -> Condition:
        return {"class_labels": torch.tensor([number(prompt.strip()) for prompt in prompts])}

    def number(prompt: str) -> int:
        if prompt in known:
            return known[prompt]
        if not prompt and null is not None:
            return null
        if prompt.isdecimal() and int(prompt) < classes:
            return int(prompt)
        allowed = f"a class: 0 to {classes - 1}" + (" or its name" if known else "")
        raise InputError("prompt", prompt, allowed)

    return encode


def wordless(prompts: Sequence[str]) -> None:
    """Prompts of a model that knows neither words nor classes.

    Raises:
        InputError: one that is not empty.
    """
    for prompt in prompts:
        if prompt.strip():
            raise InputError("prompt", prompt, "empty: this model knows neither words nor classes")
