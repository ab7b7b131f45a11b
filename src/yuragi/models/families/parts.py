"""The parts of a pipeline that a family returns, and functions that families share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from yuragi.core import Condition, Direct, Network, Schedule, flow, predictions
from yuragi.errors import InputError
from yuragi.models.codec import Codec, Pixels
from yuragi.models.model import Capabilities, PromptEncoder, everything_read

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
"""The guidance scale of latent consistency models, the default of their authors' pipeline."""
IMAGES = "image_embeds."
"""Prefix of the entries for IP-Adapters in a condition; a number follows."""


@dataclass(frozen=True)
class Parts:
    """The parts of a pipeline for the core; see `yuragi.models.model.DiffusionModel`.

    Attributes:
        module: the network of diffusers.
        network: the network with the core's interface.
        patch: the side of a token in cells, for networks whose noise levels depend on the number of
            tokens.
        left_out: says which words of a prompt are beyond what the text encoders read; empty if
            none are.
    """

    module: nn.Module
    network: Network
    schedule: Schedule
    prediction: Direct
    codec: Codec | Pixels
    encode: PromptEncoder
    capabilities: Capabilities
    side: int
    patch: int | None = None
    left_out: Callable[[str], str] = everything_read


@dataclass(frozen=True)
class Wrapped:
    """A module of diffusers as a plain network; each family defines how it is called."""

    module: Any

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the weights."""
        dtype: torch.dtype = self.module.dtype
        return dtype


def given(condition: Condition | None) -> Condition:
    """The condition of a network; None becomes an empty mapping."""
    return condition or {}


def shown_images(told: Condition) -> list[Tensor]:
    """The embeddings [b, ...] of the pictures of IP-Adapters, one per adapter."""
    return [told[name] for name in sorted(told) if name.startswith(IMAGES)]


def prediction_of(config: Any) -> Direct:
    """The prediction of the network according to a scheduler's configuration.

    Raises:
        InputError: the prediction is unknown.
    """
    kind = config.get("prediction_type", "epsilon")
    if kind not in predictions:
        raise InputError("prediction_type", kind, "one of " + ", ".join(predictions))
    return predictions[kind]


velocity = replace(flow, time=lambda t, alpha, sigma: sigma)
"""The prediction of a flow network that reads sigma, for any shift of the time axis."""


def cell_of(autoencoder: Any) -> int:
    """The side of a latent cell in pixels."""
    return int(2 ** (len(autoencoder.config.block_out_channels) - 1))


def without_variance(out: Tensor, channels: int) -> Tensor:
    """The mean of a network's output, without the variance that some networks also predict."""
    return out[:, :channels]


def check_channels(network: Any, channels: int) -> None:
    """Refuse a network that reads more than the state, such as an inpainting network.

    Args:
        network: the network of diffusers.
        channels: the number of channels of the state.

    Raises:
        InputError: the network has another number of input channels.
    """
    found = int(network.config.in_channels)
    if found != channels:
        allowed = (
            f"a network that reads {channels} channels, a noisy latent alone; those that also "
            "read a mask or a picture (for inpainting, depth or instructions) are not supported"
        )
        raise InputError("model", f"{type(network).__name__} of {found} channels", allowed)


def distilled_guidance(pipeline: Any) -> Tensor | None:
    """The input [1, n] of a UNet that was distilled to take a guidance scale; None for others.

    It is the embedding of `DISTILLED` as in diffusers' pipelines (``time_cond_proj_dim``).

    Reference: Luo et al. 2023 (arXiv 2310.04378), section 4.2.
    """
    width = pipeline.unet.config.time_cond_proj_dim
    if width is None:
        return None
    # In diffusers a scale of 1 is no guidance; the network was trained with 0 for no guidance.
    scale = torch.tensor([DISTILLED - 1])
    embedding: Tensor = pipeline.get_guidance_scale_embedding(scale, embedding_dim=int(width))
    return embedding


def labelled(classes: int, null: int | None, names: dict[str, int] | None = None) -> PromptEncoder:
    """Prompts that are class numbers or names.

    Args:
        classes: the number of classes.
        null: the null class, for an empty prompt; None for a model without one.
        names: the class numbers by name.
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
    """Prompts of an unconditional model, which must be empty.

    Raises:
        InputError: a prompt is not empty.
    """
    for prompt in prompts:
        if prompt.strip():
            raise InputError("prompt", prompt, "empty: this model knows neither words nor classes")
