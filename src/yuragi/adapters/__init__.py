"""Adapters: from models as they lie on disk to `Denoiser`s and codecs."""

from yuragi.adapters.checkpoint import checkpointing
from yuragi.adapters.codec import Codec
from yuragi.adapters.diffusers import DiffusionModel, load_diffusers
from yuragi.adapters.dift import DIFT
from yuragi.adapters.lora import LoRAFit, adapted, learned

__all__ = [
    "DIFT",
    "Codec",
    "DiffusionModel",
    "LoRAFit",
    "adapted",
    "checkpointing",
    "learned",
    "load_diffusers",
]
