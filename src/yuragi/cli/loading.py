"""Loading a model for a command."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from yuragi.adapters import DiffusionModel, Offload, Opening

__all__ = ["DTYPES", "LOADING", "OFFLOADS", "Loading", "load_quietly", "opened_quietly"]

DTYPES = ("float32", "float16", "bfloat16")
OFFLOADS = ("model", "sequential")


@dataclass(frozen=True)
class Loading:
    """What the user said, before the command, about loading models; see `yuragi.adapters.Opening`.

    Attributes:
        dtype: one of `DTYPES`.
        model_config: for a single file, the directory of a pipeline of its kind.
        offline: never ask the hub.
        allow_pickle: read pickles as plain tensors.
        offload: one of `OFFLOADS`.
        vae_tiling: the autoencoder works tile by tile.
        compile: by `torch.compile`.
    """

    dtype: str | None = None
    model_config: Path | None = None
    offline: bool = False
    allow_pickle: bool = False
    offload: Offload | None = None
    vae_tiling: bool = False
    compile: bool = False


LOADING: ContextVar[Loading] = ContextVar("loading", default=Loading())  # noqa: B039 (frozen)
"""Of the command that runs."""


def load_quietly(name: str, device: str | None) -> DiffusionModel:
    """Load a model as the user said, without the progress bars of the libraries."""
    from yuragi.recipe.models import load_model

    return load_model(name, opened_quietly(device))


def opened_quietly(device: str | None) -> Opening:
    """How the user said that models are opened; the libraries show no progress bars from now on."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    from yuragi.adapters import Opening

    diffusers_logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()
    chosen = LOADING.get()
    return Opening(
        device,
        chosen.dtype,
        chosen.model_config,
        chosen.offline,
        chosen.allow_pickle,
        chosen.offload,
        chosen.vae_tiling,
        chosen.compile,
    )
