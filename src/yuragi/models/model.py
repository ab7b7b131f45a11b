"""A loaded model: everything that sampling and editing need, whatever family it comes from."""

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

__all__ = ["Capabilities", "DiffusionModel", "Encode"]

Encode: TypeAlias = Callable[[Sequence[str]], Condition | None]
"""What a network is told about prompts, one for each row (or one for all)."""


@dataclass(frozen=True)
class Capabilities:
    """What a model can be asked.

    Attributes:
        family: for people, such as ``Stable Diffusion XL``.
        text: prompts are descriptions.
        classes: how many classes it knows; None for a model without classes.
        empty: an empty prompt means something, so guidance has a side to push away from.
        flow: rectified flow, not a diffusion table.
        latent: it works in an autoencoder's latents, not in pixels.
    """

    family: str
    text: bool = False
    classes: int | None = None
    empty: bool = True
    flow: bool = False
    latent: bool = True


@dataclass(frozen=True)
class DiffusionModel:
    """Everything that sampling and editing need of a model.

    Attributes:
        path: what it was loaded from; None for an object of the caller's.
        weights: fingerprint of the weights.
        card: what was loaded.
        pipeline: the diffusers pipeline that holds them, or the caller's own network.
        network: the module that denoises.
        denoiser: unconditioned; `bind` prompts to use it.
        codec: between pixels and latents.
        encode: from prompts to what the network is told.
        capabilities: what it can be asked.
        side: latent cells per side at the model's native size.
        grids: time grids by `timestep_spacing`; ``native`` is the pipeline's own.
        sized: noise levels and grids for so many cells, where they depend on the picture's size.
        bare: what the network is told about prompts alone, where `encode` says more.
        opening: how it was opened; a weaker model beside it is opened likewise.
    """

    path: Path | None
    weights: str
    card: Card
    pipeline: Any
    network: nn.Module
    denoiser: NetworkDenoiser
    codec: Codec | Pixels
    encode: Encode
    capabilities: Capabilities
    side: int
    grids: Mapping[str, TimeGrid]
    sized: Callable[[int], tuple[Schedule, Mapping[str, TimeGrid]]] | None = None
    bare: Encode | None = None
    opening: Opening = Opening()  # noqa: RUF009 (frozen)

    @property
    def native_size(self) -> int:
        """Pixels per side that the model was trained on."""
        return self.side * self.codec.cell

    @property
    def device(self) -> torch.device:
        """Where it runs; with offloading, that is not where the weights rest."""
        if hasattr(self.network, "_hf_hook"):
            device: torch.device = self.pipeline._execution_device
            return device
        return next(self.network.parameters()).device

    @property
    def dtype(self) -> torch.dtype:
        """What the network's weights are stored in."""
        return next(self.network.parameters()).dtype

    @property
    def vocabulary(self) -> Vocabulary:
        """The words that it knows; asked of the tokenizers as they are now."""
        return vocabulary_of(self.pipeline)

    @torch.no_grad()
    def bind_bare(self, prompts: Sequence[str]) -> NetworkDenoiser:
        """The same without the pictures that IP-Adapters are shown; errors as `bind`.

        For what guidance pushes away from, and for the picture before an edit, which does not show
        them.
        """
        return self.denoiser.bind((self.bare or self.encode)(list(prompts)))

    @torch.no_grad()
    def bind(self, prompts: Sequence[str]) -> NetworkDenoiser:
        """The denoiser under these prompts, one for each row of the batch (or one for all).

        Warns when a prompt is longer than the text encoder reads.

        Raises:
            InputError: a prompt that the model has no condition for.
        """
        return self.denoiser.bind(self.encode(list(prompts)))

    def at(self, height: int, width: int) -> DiffusionModel:
        """The model with the noise levels that it has for pictures of this size, in pixels.

        Raises:
            InputError: larger than the network has places for.
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
        """The same model with a network that counts its evaluations, and the counter."""
        counter = Counting(self.denoiser.network)
        return replace(self, denoiser=replace(self.denoiser, network=counter)), counter

    def cells(self, height: int, width: int) -> tuple[int, int, int]:
        """Shape of the latent of a picture whose sides fit."""
        cell = self.codec.cell
        return self.codec.channels, height // cell, width // cell
