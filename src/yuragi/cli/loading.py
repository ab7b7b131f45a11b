"""Loading a model for a command."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from yuragi.models.opening import Opening

if TYPE_CHECKING:
    from yuragi.models.model import DiffusionModel

__all__ = ["LOADING", "load_quietly", "opening_on", "without_bars"]

LOADING: ContextVar[Opening] = ContextVar("loading", default=Opening())  # noqa: B039 (frozen)
"""Options about loading given before the command; those after the command are added to them."""


def opening_on(device: str | None) -> Opening:
    """The options about loading given before the command, with the command's own device."""
    return LOADING.get() if device is None else LOADING.get().with_more({"device": device})


def load_quietly(name: str, opening: Opening) -> DiffusionModel:
    """Load a model with these options, without progress bars of libraries."""
    from yuragi.models.names import load_model

    without_bars()
    return load_model(name, opening)


def without_bars() -> None:
    """Turn off the progress bars of diffusers and transformers."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    diffusers_logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()
