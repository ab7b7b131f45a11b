"""UNets that were distilled to take a guidance scale (latent consistency models)."""

import numpy as np
import pytest
import torch
from diffusers import LatentConsistencyModelPipeline, LCMScheduler
from test_parity import HALF_A_LEVEL
from tiny_pipelines import build

import yuragi

SCALE = 8.5
"""The default of `LatentConsistencyModelPipeline`, which we give."""
DRAWN = {"num_inference_steps": 5, "width": 64, "height": 64}


def distilled(name):
    pipeline = build(name)
    torch.manual_seed(1)
    taught = type(pipeline.unet).from_config(pipeline.unet.config, time_cond_proj_dim=16).eval()
    taught.load_state_dict(pipeline.unet.state_dict(), strict=False)
    # A fresh projection is too weak to be seen in a picture.
    taught.time_embedding.cond_proj.weight.data.normal_(std=3.0)
    pipeline.unet = taught
    return pipeline


def noise():
    return torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(3))


def drawn(pipeline, z, scale):
    """The pipeline's own picture."""
    return pipeline(
        "a red cat", latents=z.clone(), guidance_scale=scale, output_type="np", **DRAWN
    ).images[0]


def distance(ours, theirs):
    return np.abs(np.asarray(ours.image) / 255 - theirs).max()


@pytest.mark.parametrize("name", ["sd1", "sdxl"])
def test_samples_equal_the_pipelines(name):
    pipeline, z = distilled(name), noise()
    ours = yuragi.load(pipeline).sample(
        "a red cat",
        latents=z,
        solver="ddim",
        timestep_spacing="native",
        guidance_scale=1.0,
        **DRAWN,
    )
    assert distance(ours, drawn(pipeline, z, SCALE)) <= HALF_A_LEVEL
    assert distance(ours, drawn(pipeline, z, 2.0)) > 0.02


def test_one_step_equals_the_consistency_pipelines():
    """At its first level, 999, a consistency model's own output is E[x0 | x] to 1e-8."""
    pipeline, z = distilled("sd1"), noise()
    parts = {
        **pipeline.components,
        "scheduler": LCMScheduler.from_config(pipeline.scheduler.config),
    }
    theirs = LatentConsistencyModelPipeline(**parts, requires_safety_checker=False)
    theirs.set_progress_bar_config(disable=True)
    settings = {**DRAWN, "num_inference_steps": 1}
    expected = theirs("a red cat", latents=z.clone(), output_type="np", **settings).images[0]
    ours = yuragi.load(pipeline).sample(
        "a red cat", latents=z, solver="ddim", guidance_scale=1.0, **settings
    )
    assert distance(ours, expected) <= HALF_A_LEVEL
