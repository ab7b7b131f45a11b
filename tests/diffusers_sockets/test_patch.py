"""Our gains in plain pipelines: equal to our own loop, and gone afterwards."""

import pytest
import torch
from diffusers.utils.torch_utils import randn_tensor
from tiny_pipelines import build

import yuragi
from promises import assert_different, assert_equal_to_rounding, assert_identical
from yuragi import Guidance
from yuragi.diffusers import patch
from yuragi.errors import InputError

SCALE, STEPS = 4.0, 5
WORDS = {"dit": "1"}


def theirs(name, pipeline, z):
    common = {"num_inference_steps": STEPS, "guidance_scale": SCALE, "output_type": "np"}
    if name == "dit":
        return pipeline([1], generator=torch.Generator().manual_seed(3), **common).images[0]
    size = {"width": 64, "height": 64}
    return pipeline("a red cat", latents=z.clone(), **size, **common).images[0]


@pytest.mark.parametrize("gain", ["reg", "reg_forward", "ratio"])
@pytest.mark.parametrize("name", ["sd1", "sd2", "sdxl", "dit"])
def test_it_equals_our_own_loop(name, gain):
    pipeline = build(name)
    model = yuragi.load(pipeline)
    z = randn_tensor((1, 4, 16, 16), generator=torch.Generator().manual_seed(3))
    rule = Guidance(gain=gain)
    before = theirs(name, pipeline, z)
    with patch(pipeline, rule, SCALE if name == "dit" else None) as patched:
        assert patched is pipeline
        found = theirs(name, pipeline, z)
    assert_identical(theirs(name, pipeline, z), before)
    assert "forward" not in vars(model.loaded.network)
    ours = model.sample(
        WORDS.get(name, "a red cat"),
        latents=z,
        solver="ddim",
        timestep_spacing="native",
        num_inference_steps=STEPS,
        guidance_scale=SCALE,
        guidance=rule,
    )
    assert_equal_to_rounding(ours.image, found)
    assert_different(found, before)


def test_without_guidance_nothing_happens():
    pipeline = build("sd1")
    settings = {"latents": torch.zeros(1, 4, 16, 16), "width": 64, "height": 64}
    settings |= {"num_inference_steps": 3, "guidance_scale": 1.0, "output_type": "np"}
    before = pipeline("a cat", **settings).images
    with patch(pipeline, Guidance(gain="reg_forward")):
        assert_identical(pipeline("a cat", **settings).images, before)


def test_an_error_inside_restores():
    pipeline = build("sd1")

    def fail():
        with patch(pipeline, Guidance(gain="reg_forward")):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert "forward" not in vars(pipeline.unet)


def test_what_does_not_fit_is_named():
    with (
        pytest.raises(InputError, match="^pipeline[: ].*FluxPipeline"),
        patch(build("flux"), Guidance(gain="reg_forward")),
    ):
        pass
    rule = Guidance(rule="cosine", gain="reg_forward")
    with pytest.raises(InputError, match="^guidance[: ].*cosine"), patch(build("sd1"), rule):
        pass
