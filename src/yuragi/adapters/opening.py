"""How a model is opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import torch

__all__ = ["Offload", "Opening"]

Offload: TypeAlias = Literal["model", "sequential"]


@dataclass(frozen=True)
class Opening:
    """How a model is opened.

    Attributes:
        device: a torch device; by default the GPU when there is one.
        dtype: of the weights, by name or as a torch dtype; by default float32 on a CPU, elsewhere
            bfloat16 for flows and float16 for others.
        config: for a single file, the directory of a pipeline of its kind.
        offline: never ask the hub.
        allow_pickle: read ``.bin`` and ``.ckpt`` files as plain tensors.
        offload: keep weights in main memory until they are used: a ``model`` at a time, or layer
            by layer (``sequential``), which is slow and takes least.
        vae_tiling: the autoencoder works picture by picture, and large ones tile by tile.
        compile: by `torch.compile`; the first steps of every size take minutes, the others less.
    """

    device: str | torch.device | None = None
    dtype: torch.dtype | str | None = None
    config: Path | None = None
    offline: bool = False
    allow_pickle: bool = False
    offload: Offload | None = None
    vae_tiling: bool = False
    compile: bool = False
