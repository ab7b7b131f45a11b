"""Our gains in plain pipelines: equal to our own loop, and gone afterwards."""

import pytest
import torch
from diffusers import HeunDiscreteScheduler
from diffusers.utils.torch_utils import randn_tensor
from ip_adapters import add_adapters
from PIL import Image
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
    own = type(model.loaded.network)
    z = randn_tensor((1, 4, 16, 16), generator=torch.Generator().manual_seed(3))
    rule = Guidance(gain=gain)
    before = theirs(name, pipeline, z)
    with patch(pipeline, rule, SCALE if name == "dit" else None) as patched:
        assert patched is pipeline
        assert type(model.loaded.network) is not own
        found = theirs(name, pipeline, z)
    assert_identical(theirs(name, pipeline, z), before)
    assert type(model.loaded.network) is own
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
    own = type(pipeline.unet)

    def fail():
        with patch(pipeline, Guidance(gain="reg_forward")):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert type(pipeline.unet) is own


def picture(pipeline, seed, steps, **more):
    z = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(seed))
    size = {"width": 64, "height": 64, "output_type": "np"}
    settings = {"latents": z, "num_inference_steps": steps, "guidance_scale": 6.0, **size, **more}
    return pipeline("a red cat", **settings).images[0]


@pytest.mark.parametrize("steps", [1, 20])
def test_a_picture_does_not_depend_on_the_one_before(steps):
    """A run of one step, and one that stops after its first, end where the next one begins."""

    class StopError(Exception):
        pass

    def stop(*given):
        raise StopError

    pipeline, rule = build("sd1"), Guidance(gain={"name": "reg_forward", "refresh": 4})
    with patch(pipeline, rule):
        alone = picture(pipeline, 2, steps)
    with patch(pipeline, rule):
        with pytest.raises(StopError):
            picture(pipeline, 1, steps, callback_on_step_end=stop)
        assert_identical(picture(pipeline, 2, steps), alone)


def test_levels_that_a_scheduler_repeats_are_one_run():
    """Heun visits all levels but the first twice; of its 9 calls the 1st, 5th and 9th measure."""
    pipeline, rows = build("sd1"), []
    pipeline.scheduler = HeunDiscreteScheduler.from_config(pipeline.scheduler.config)
    pipeline.unet.register_forward_hook(lambda module, given, out: rows.append(len(given[0])))

    def evaluations(gain):
        rows.clear()
        with patch(pipeline, Guidance(gain=gain)):
            picture(pipeline, 1, 5)
        return sum(rows)

    plain, measured = evaluations("plain"), evaluations("reg_forward")
    assert measured > plain
    kept = evaluations({"name": "reg_forward", "refresh": 4})
    assert kept == pytest.approx((3 * measured + 6 * plain) / 9)


def test_it_equals_our_own_loop_with_pictures_as_prompts():
    """An IP-Adapter adds one list with a tensor for each adapter."""
    pipeline = add_adapters(build("sd1"), 2)
    shown = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    rule = Guidance(gain="reg_forward")
    with patch(pipeline, rule):
        found = picture(pipeline, 3, STEPS, ip_adapter_image=shown)
    ours = yuragi.load(pipeline, ip_adapter_image=shown).sample(
        "a red cat",
        latents=torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(3)),
        solver="ddim",
        timestep_spacing="native",
        num_inference_steps=STEPS,
        guidance_scale=6.0,
        guidance=rule,
    )
    assert_equal_to_rounding(ours.image, found)
    assert_different(found, picture(pipeline, 3, STEPS, ip_adapter_image=shown))


def test_what_does_not_fit_is_named():
    with (
        pytest.raises(InputError, match="^pipeline[: ].*FluxPipeline"),
        patch(build("flux"), Guidance(gain="reg_forward")),
    ):
        pass
    rule = Guidance(rule="cosine", gain="reg_forward")
    with pytest.raises(InputError, match="^guidance[: ].*cosine"), patch(build("sd1"), rule):
        pass
