"""A model family: a pipeline of one's own class with the parts of Stable Diffusion."""

from diffusers import StableDiffusionPipeline

from yuragi.models.families import Family
from yuragi.models.families.sd import sd


class StudioPipeline(StableDiffusionPipeline):
    """What a studio calls its own pipeline."""


STUDIO = Family(sd)
"""Its parts are where Stable Diffusion has them."""
