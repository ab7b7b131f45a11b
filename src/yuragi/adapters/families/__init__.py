"""Families of models: what is particular about each, in a file of its own.

A family turns a loaded pipeline into `Parts`; everything else is the same for all. Sizes, channels,
factors and shifts are read from the configuration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from yuragi.adapters.families.dit import dit
from yuragi.adapters.families.flux import flux
from yuragi.adapters.families.parts import Parts
from yuragi.adapters.families.pixart import pixart
from yuragi.adapters.families.pixels import pixels
from yuragi.adapters.families.sd import sd
from yuragi.adapters.families.sd3 import sd3
from yuragi.adapters.families.sdxl import sdxl

__all__ = ["FAMILIES", "Parts"]

FAMILIES: Mapping[str, Callable[[Any], Parts]] = {
    "StableDiffusionPipeline": sd,
    "StableDiffusionXLPipeline": sdxl,
    "StableDiffusion3Pipeline": sd3,
    "FluxPipeline": flux,
    "PixArtAlphaPipeline": pixart,
    "PixArtSigmaPipeline": pixart,
    "DiTPipeline": dit,
    "DDPMPipeline": pixels,
    "DDIMPipeline": pixels,
}
"""By the class that ``model_index.json`` names."""
