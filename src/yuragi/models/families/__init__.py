"""Families of models, with one file per family.

A family converts a loaded pipeline to `Parts`; everything else is the same for all families. Sizes,
channels, factors and shifts are read from the configuration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from yuragi.models.families.parts import Parts
from yuragi.registry import Registry

__all__ = ["FAMILIES", "Parts"]

_HERE = "yuragi.models.families"
FAMILIES: Registry[Callable[[Any], Parts]] = Registry(
    "yuragi.families",
    {
        "StableDiffusionPipeline": f"{_HERE}.sd:sd",
        "StableDiffusionXLPipeline": f"{_HERE}.sdxl:sdxl",
        "StableDiffusion3Pipeline": f"{_HERE}.sd3:sd3",
        "FluxPipeline": f"{_HERE}.flux:flux",
        "PixArtAlphaPipeline": f"{_HERE}.pixart:pixart",
        "PixArtSigmaPipeline": f"{_HERE}.pixart:pixart",
        "DiTPipeline": f"{_HERE}.dit:dit",
        "DDPMPipeline": f"{_HERE}.pixels:pixels",
        "DDIMPipeline": f"{_HERE}.pixels:pixels",
    },
)
"""The families by the class in ``model_index.json``. A package adds one through the entry point
group ``yuragi.families``."""
