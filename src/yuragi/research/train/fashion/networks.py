"""The networks of the Fashion-MNIST models, in the classes of a `DiTPipeline`."""

from __future__ import annotations

import json
from pathlib import Path

from diffusers import AutoencoderTiny, DiTPipeline, DiTTransformer2DModel
from diffusers.models.embeddings import LabelEmbedding

from yuragi.research.train.fashion.config import ClassDenoiserConfig
from yuragi.research.train.fashion.data import CLASSES
from yuragi.research.train.networks import build_scheduler

__all__ = ["build_transformer", "write_pipeline"]


def build_transformer(
    config: ClassDenoiserConfig, channels: int, side: int
) -> DiTTransformer2DModel:
    """The untrained network on latents [b, channels, side, side]; the class after the last is null.

    In training, diffusers' network would hide classes by itself, with the global generator and
    separately in each block. That is switched off, because the loss hides them.
    """
    network = DiTTransformer2DModel(
        num_attention_heads=config.heads,
        attention_head_dim=config.width // config.heads,
        in_channels=channels,
        out_channels=channels,
        num_layers=config.depth,
        sample_size=side,
        patch_size=config.patch,
        num_embeds_ada_norm=len(CLASSES),
        norm_type="ada_norm_zero",
        activation_fn="gelu-approximate",
    )
    for module in network.modules():
        if isinstance(module, LabelEmbedding):
            module.dropout_prob = 0.0
    return network


def write_pipeline(
    autoencoder: AutoencoderTiny, transformer: DiTTransformer2DModel, folder: Path
) -> None:
    """Write the parts as a diffusers pipeline, whose prompts are classes by number or name.

    diffusers reads class names from the index of a pipeline, but does not write them.
    """
    DiTPipeline(
        transformer=transformer, vae=autoencoder, scheduler=build_scheduler()
    ).save_pretrained(folder)
    index = folder / "model_index.json"
    named = {"id2label": {str(k): name for k, name in enumerate(CLASSES)}}
    held = json.loads(index.read_text("utf-8")) | named
    index.write_text(json.dumps(held, indent=2) + "\n", encoding="utf-8")
