"""Loading a model for a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from yuragi.adapters import DiffusionModel

__all__ = ["load_quietly"]


def load_quietly(name: str, device: str | None) -> DiffusionModel:
    """Load a model without the progress bars of the libraries."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    from yuragi.recipe.models import load_model

    diffusers_logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()
    return load_model(name, device)
