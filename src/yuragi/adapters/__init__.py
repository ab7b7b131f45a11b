"""Adapters: from models as they lie on disk to `Denoiser`s and codecs."""

from yuragi.adapters.checkpoint import checkpointing
from yuragi.adapters.codec import Codec
from yuragi.adapters.diffusers import DiffusionModel, load_diffusers

__all__ = ["Codec", "DiffusionModel", "checkpointing", "load_diffusers"]
