"""Pipelines in half precision: no further from float32 than diffusers' own loop takes them."""

import numpy as np
import pytest
import torch
from diffusers.utils.torch_utils import randn_tensor
from family import Family
from test_parity import theirs

STEPS = 3
LEFT_OUT = {
    "class-pixels": "no pipeline of diffusers takes these classes",
    "sd2": "the same network and autoencoder as sd1",
    "pixart-sigma": "the same network and autoencoder as pixart",
}
ROUNDED = 0.5
"""Levels (root mean square) that rounding to 8 bits may cost; 0.29 where errors are uniform."""


def start(family, dtype):
    shape = (1, *family.model.loaded.cells(family.size, family.size))
    return randn_tensor(shape, generator=torch.Generator().manual_seed(3), dtype=dtype)


def ours(family, z):
    result = family.model.sample(
        family.wanted,
        latents=z.float(),
        solver="ddim",
        timestep_spacing="native",
        num_inference_steps=STEPS,
        guidance_scale=3.0,
        width=family.size,
        height=family.size,
    )
    return np.asarray(result.image) / 255


def levels(one, two):
    return 255 * np.sqrt(((one - two) ** 2).mean())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=["float16", "bfloat16"])
def test_samples_agree_with_the_pipelines(family, dtype):
    if family.name in LEFT_OUT:
        pytest.skip(LEFT_OUT[family.name])
    half = Family(family.name, dtype)
    z = start(half, dtype)
    exact = theirs(family, z.float(), 3.0, STEPS)
    picture = ours(half, z)
    if (family.name, dtype) == ("pixels", torch.bfloat16):
        # Theirs ends in NumPy, which has no bfloat16: there is float32 to compare with alone.
        assert levels(picture, exact) < 5
        return
    other = theirs(half, z, 3.0, STEPS)
    apart = levels(other, exact)
    assert levels(picture, exact) <= 1.25 * apart + ROUNDED
    assert levels(picture, other) <= 2 * apart + ROUNDED
    assert exact.std() > 0.05


def test_an_autoencoder_beyond_float16_draws_what_the_pipeline_draws():
    """Stable Diffusion XL's has activations that float16 cannot hold, and says so."""
    half = Family("sdxl", torch.float16)
    weight = half.pipeline.vae.decoder.mid_block.resnets[0].conv2.weight.data
    weight.mul_(6e4 / float(weight.abs().max()))
    z = start(half, torch.float16)
    raw = half.pipeline.vae.decode(z / half.pipeline.vae.config.scaling_factor).sample
    assert not raw.isfinite().all()
    expected, picture = theirs(half, z, 3.0, STEPS), ours(half, z)
    assert np.abs(picture - expected).max() <= 4 / 255  # float16 in the network
    assert expected.std() > 0.05
    assert half.pipeline.vae.dtype == torch.float16
