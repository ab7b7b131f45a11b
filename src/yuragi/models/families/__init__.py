"""Families of models: what is particular about each, in a file of its own.

A family turns a loaded pipeline into `Parts`; everything else is the same for all. Sizes, channels,
factors and shifts are read from the configuration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from yuragi.models.families.parts import Parts
from yuragi.registry import Registry

__all__ = ["FAMILIES", "Parts", "family_of"]

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
"""By the class that ``model_index.json`` names. A package adds one through the entry point group
``yuragi.families``."""

SAME_PARTS: Mapping[str, str] = {
    "LatentConsistencyModelPipeline": "StableDiffusionPipeline",
    "LatentConsistencyModelImg2ImgPipeline": "StableDiffusionPipeline",
    "StableDiffusionImg2ImgPipeline": "StableDiffusionPipeline",
    "StableDiffusionInpaintPipeline": "StableDiffusionPipeline",
    "StableDiffusionXLImg2ImgPipeline": "StableDiffusionXLPipeline",
    "StableDiffusionXLInpaintPipeline": "StableDiffusionXLPipeline",
    "StableDiffusion3Img2ImgPipeline": "StableDiffusion3Pipeline",
    "StableDiffusion3InpaintPipeline": "StableDiffusion3Pipeline",
    "FluxImg2ImgPipeline": "FluxPipeline",
    "FluxInpaintPipeline": "FluxPipeline",
}
"""Classes that hold the parts of another one, and differ only in the loop, which is not used."""


def family_of(kind: str) -> str:
    """The class in `FAMILIES` whose parts a class of pipelines holds, or the class itself."""
    return SAME_PARTS.get(kind, kind)
