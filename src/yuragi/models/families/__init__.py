"""Families of models: what is particular about each, in a file of its own.

A `Family` takes a loaded pipeline apart into `Parts` and declares how it is loaded; everything else
is the same for all. Sizes, channels, factors and shifts are read from the configuration.
"""

from __future__ import annotations

from yuragi.models.families.family import Family
from yuragi.models.families.parts import Parts
from yuragi.registry import Registry

__all__ = ["FAMILIES", "Family", "Parts"]

_HERE = "yuragi.models.families"
FAMILIES: Registry[Family] = Registry(
    "yuragi.families",
    {
        "StableDiffusionPipeline": f"{_HERE}.sd:SD",
        "StableDiffusionXLPipeline": f"{_HERE}.sdxl:SDXL",
        "StableDiffusion3Pipeline": f"{_HERE}.sd3:SD3",
        "FluxPipeline": f"{_HERE}.flux:FLUX",
        "PixArtAlphaPipeline": f"{_HERE}.pixart:PIXART",
        "PixArtSigmaPipeline": f"{_HERE}.pixart:PIXART",
        "DiTPipeline": f"{_HERE}.dit:DIT",
        "DDPMPipeline": f"{_HERE}.pixels:PIXELS",
        "DDIMPipeline": f"{_HERE}.pixels:PIXELS",
    },
)
"""By the class that ``model_index.json`` names. A package adds one through the entry point group
``yuragi.families``."""
