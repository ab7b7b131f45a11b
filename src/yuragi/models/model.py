"""A loaded model: everything that sampling and editing need, for every family."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import nn

from yuragi.core import Condition, Counting, NetworkDenoiser, Schedule, TimeGrid
from yuragi.errors import InputError
from yuragi.models.card import Card
from yuragi.models.codec import Codec, Pixels
from yuragi.models.opening import Opening
from yuragi.models.vocabulary import Vocabulary, vocabulary_of

__all__ = ["Capabilities", "DiffusionModel", "PromptEncoder", "everything_read"]

PromptEncoder: TypeAlias = Callable[[Sequence[str]], Condition | None]
"""Encode prompts to the condition of a network, one per row (or one for all rows)."""


@dataclass(frozen=True)
class Capabilities:
    """The capabilities of a model.

    Attributes:
        family: the displayed name of the family, such as ``Stable Diffusion XL``.
        text: whether prompts are descriptions.
        classes: the number of classes; None for a model without classes.
        empty: whether an empty prompt is supported, so that guidance can push away from it.
        flow: whether the model is a rectified flow and not a diffusion table.
        latent: whether the model works on the latents of an autoencoder and not on pixels.
    """

    family: str
    text: bool = False
    classes: int | None = None
    empty: bool = True
    flow: bool = False
    latent: bool = True


def everything_read(prompt: str) -> str:
    """What is left out by a model that reads all of a prompt."""
    return ""


@dataclass(frozen=True)
class DiffusionModel:
    """Everything that sampling and editing need of a model.

    Attributes:
        path: the path from which it was loaded; None for an object of the caller.
        weights: the fingerprint of the weights.
        card: the record of what was loaded.
        pipeline: the pipeline of diffusers that contains the parts, or the caller's network.
        network: the module that denoises.
        denoiser: the denoiser without a condition; `bind` prompts to use it.
        codec: the codec between pixels and latents.
        encode: the function from prompts to the condition of the network.
        capabilities: the capabilities of the model.
        side: the side in latent cells at the model's native size.
        grids: the time grids by `timestep_spacing`; ``native`` is the pipeline's own.
        sized: the function from the number of cells to noise levels and grids, if they depend on
            the picture's size.
        bare: the function from prompts to a condition without pictures, if `encode` adds pictures.
        left_out: says which words of a prompt are beyond what the text encoders read; empty if
            none are.
        opening: the options of loading, which are also used for a weaker model.
    """

    path: Path | None
    weights: str
    card: Card
    pipeline: Any
    network: nn.Module
    denoiser: NetworkDenoiser
    codec: Codec | Pixels
    encode: PromptEncoder
    capabilities: Capabilities
    side: int
    grids: Mapping[str, TimeGrid]
    sized: Callable[[int], tuple[Schedule, Mapping[str, TimeGrid]]] | None = None
    bare: PromptEncoder | None = None
    left_out: Callable[[str], str] = everything_read
    opening: Opening = Opening()  # noqa: RUF009 (frozen)

    @property
    def native_size(self) -> int:
        """The side in pixels on which the model was trained."""
        return self.side * self.codec.cell

    @property
    def device(self) -> torch.device:
        """The device on which the model runs. With offloading, weights are stored elsewhere."""
        if hasattr(self.network, "_hf_hook"):
            device: torch.device = self.pipeline._execution_device
            return device
        return next(self.network.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """The dtype of the network's weights."""
        return next(self.network.parameters()).dtype

    @property
    def vocabulary(self) -> Vocabulary:
        """The words that the pipeline's tokenizers know, with those that the caller added."""
        return vocabulary_of(self.pipeline)

    @torch.no_grad()
    def bind_bare(self, prompts: Sequence[str]) -> NetworkDenoiser:
        """The denoiser as in `bind`, but without the pictures of IP-Adapters.

        It is used for the weak side of guidance and for the source side of an edit.
        """
        return self.denoiser.bind((self.bare or self.encode)(list(prompts)))

    @torch.no_grad()
    def bind(self, prompts: Sequence[str]) -> NetworkDenoiser:
        """The denoiser conditioned on prompts, one per row of the batch (or one for all rows).

        Raises:
            InputError: the model does not support a prompt.
        """
        return self.denoiser.bind(self.encode(list(prompts)))

    def at(self, height: int, width: int) -> DiffusionModel:
        """The model with the noise levels for pictures of this size in pixels.

        Raises:
            InputError: the size is larger than the network supports.
        """
        rows, columns = self.codec.padding(height, width)
        largest = self.codec.largest
        if largest is not None and max(height + rows, width + columns) > largest:
            allowed = (
                f"sides of at most {largest} pixels for this model, in multiples of "
                f"{self.codec.multiple}; an edit can scale its picture (resize)"
            )
            raise InputError("size", f"{width}x{height}", allowed)
        if self.sized is None:
            return self
        schedule, grids = self.sized((height + rows) * (width + columns) // self.codec.cell**2)
        return replace(self, denoiser=replace(self.denoiser, schedule=schedule), grids=grids)

    def counting(self) -> tuple[DiffusionModel, Counting]:
        """The model with a network that counts its evaluations, and the counter."""
        counter = Counting(self.denoiser.network)
        return replace(self, denoiser=replace(self.denoiser, network=counter)), counter

    def cells(self, height: int, width: int) -> tuple[int, int, int]:
        """The shape of the latent of a picture whose sides need no padding."""
        cell = self.codec.cell
        return self.codec.channels, height // cell, width // cell
