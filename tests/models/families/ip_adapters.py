"""IP-Adapters with random weights for the tiny pipelines."""

import torch
from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModelWithProjection

WIDTH = 24


def adapter(unet):
    """Weights of a random IP-Adapter for a UNet: a projection, and keys and values."""
    words = unet.config.cross_attention_dim
    image = {
        "proj.weight": 0.3 * torch.randn(4 * words, WIDTH),
        "proj.bias": torch.zeros(4 * words),
        "norm.weight": torch.ones(words),
        "norm.bias": torch.zeros(words),
    }
    heads, number = {}, 1
    for name in unet.attn_processors:
        if name.endswith("attn1.processor"):
            continue
        size = unet.get_submodule(name.removesuffix(".processor")).to_v.out_features
        for part in ("k", "v"):
            heads[f"{number}.to_{part}_ip.weight"] = torch.randn(size, words)
        number += 2
    return {"image_proj": image, "ip_adapter": heads}


def add_adapters(pipeline, count=1):
    """Load IP-Adapters into a pipeline, with what they need to see pictures."""
    torch.manual_seed(0)
    pipeline.unet._load_ip_adapter_weights([adapter(pipeline.unet) for _ in range(count)])
    vision = CLIPVisionConfig(
        hidden_size=16,
        intermediate_size=16,
        projection_dim=WIDTH,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=32,
        patch_size=8,
    )
    encoder = CLIPVisionModelWithProjection(vision).eval()
    processor = CLIPImageProcessor(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
    )
    pipeline.register_modules(image_encoder=encoder, feature_extractor=processor)
    pipeline.set_ip_adapter_scale([1.0] * count)
    return pipeline
