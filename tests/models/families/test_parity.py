"""At equal settings our sample is the pipeline's own output, for each family."""

import numpy as np
import pytest
import torch
from diffusers.utils.torch_utils import randn_tensor

STEPS = 5
HALF_A_LEVEL = 0.5 / 255 + 2e-4
"""The rounding to 8 bits, and float tolerance."""


def packed(z):
    """As FLUX wants its latents."""
    b, c, h, w = z.shape
    z = z.view(b, c, h // 2, 2, w // 2, 2).permute(0, 2, 4, 1, 3, 5)
    return z.reshape(b, h * w // 4, 4 * c)


def theirs(family, z, scale, steps=STEPS):
    """The pipeline's own picture from this noise."""
    common = {"num_inference_steps": steps, "output_type": "np"}
    pipeline, words = family.pipeline, family.wanted
    size = {"width": family.size, "height": family.size}
    if family.name == "flux":
        return pipeline(
            words,
            negative_prompt="",
            true_cfg_scale=scale,
            guidance_scale=3.5,
            latents=packed(z),
            **size,
            **common,
        ).images[0]
    if family.name.startswith("pixart"):
        return pipeline(
            words,
            latents=z.clone(),
            guidance_scale=scale,
            use_resolution_binning=False,
            clean_caption=False,
            **size,
            **common,
        ).images[0]
    if family.name == "dit":
        noise = torch.Generator().manual_seed(3)
        return pipeline([int(words)], guidance_scale=scale, generator=noise, **common).images[0]
    if family.name == "pixels":
        return pipeline(1, torch.Generator().manual_seed(3), 0.0, **common).images[0]
    return pipeline(words, latents=z.clone(), guidance_scale=scale, **size, **common).images[0]


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_samples_equal_the_pipelines(family, scale):
    if family.name == "class-pixels":
        pytest.skip("no pipeline of diffusers takes these classes")
    shape = (1, *family.model.loaded.cells(family.size, family.size))
    z = randn_tensor(shape, generator=torch.Generator().manual_seed(3))
    expected = theirs(family, z, scale)
    result = family.model.sample(
        family.wanted,
        latents=z,
        solver="ddim",
        timestep_spacing="native",
        num_inference_steps=STEPS,
        guidance_scale=scale,
        width=family.size,
        height=family.size,
    )
    assert np.abs(np.asarray(result.image) / 255 - expected).max() <= HALF_A_LEVEL
    assert expected.std() > 0.01
