"""Families of models, with one file per family.

A `Family` takes a loaded pipeline apart into `Parts` and declares how it is loaded; everything else
is the same for all. Sizes, channels, factors and shifts are read from the configuration.
"""

from __future__ import annotations

from collections.abc import Mapping

from yuragi.models.families.family import Family
from yuragi.models.families.parts import Parts
from yuragi.registry import Registry

__all__ = ["FAMILIES", "Family", "Parts", "family_of"]

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
