"""Adapters: from models as they lie on disk to `Denoiser`s and codecs."""

from yuragi.adapters.checkpoint import checkpointing
from yuragi.adapters.codec import Codec, Pixels
from yuragi.adapters.dift import DIFT
from yuragi.adapters.edm import is_edm, wrap_edm
from yuragi.adapters.families import FAMILIES
from yuragi.adapters.hub import fetched
from yuragi.adapters.load import load_diffusers, wrap_pipeline
from yuragi.adapters.lora import LoRAFit, adapted, learned
from yuragi.adapters.model import Capabilities, DiffusionModel

__all__ = [
    "DIFT",
    "FAMILIES",
    "Capabilities",
    "Codec",
    "DiffusionModel",
    "LoRAFit",
    "Pixels",
    "adapted",
    "checkpointing",
    "fetched",
    "is_edm",
    "learned",
    "load_diffusers",
    "wrap_edm",
    "wrap_pipeline",
]
