"""REG as a guider of a real modular pipeline: equal to our own loop, kept, and without a trace."""

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, StableDiffusionXLAutoBlocks
from tiny_pipelines import build

import yuragi
from yuragi import GuidanceRule
from yuragi.diffusers import RectifiedGuidance
from yuragi.errors import InputError

SCALE, STEPS = 4.0, 5


@pytest.fixture(scope="module")
def plain():
    return build("sdxl")


@pytest.fixture(scope="module")
def modular(plain):
    pipe = StableDiffusionXLAutoBlocks().init_pipeline()
    names = ("unet", "vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2")
    pipe.update_components(**{name: getattr(plain, name) for name in names})
    pipe.update_components(scheduler=plain.scheduler)
    pipe.set_progress_bar_config(disable=True)
    return pipe


@pytest.fixture(params=["epsilon", "v_prediction"])
def scheduler(request, plain, modular):
    found = DDIMScheduler.from_config(plain.scheduler.config, prediction_type=request.param)
    modular.update_components(scheduler=found)
    plain.scheduler = found
    return found


def picture(modular, z):
    found = modular(
        prompt="a red cat",
        negative_prompt="a blue dog",
        latents=z.clone(),
        num_inference_steps=STEPS,
        height=64,
        width=64,
        output="images",
        output_type="np",
    )
    return np.asarray(found[0])


def test_it_equals_our_own_loop(modular, plain, scheduler):
    z = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    modular.update_components(guider=RectifiedGuidance.for_scheduler(scheduler, SCALE))
    theirs = picture(modular, z)
    settings = {
        "negative_prompt": "a blue dog",
        "latents": z,
        "solver": "ddim",
        "timestep_spacing": "native",
        "num_inference_steps": STEPS,
        "guidance_scale": SCALE,
    }
    model = yuragi.load(plain)
    rule = GuidanceRule(gain="reg_forward")
    ours = np.asarray(model.sample("a red cat", guidance=rule, **settings).image) / 255
    assert np.abs(ours - theirs).max() <= 0.5 / 255 + 2e-3
    without = np.asarray(model.sample("a red cat", **settings).image) / 255
    assert np.abs(without - theirs).max() > 0.02  # REG does something here


def test_no_hook_stays(modular, plain, scheduler):
    modular.update_components(guider=RectifiedGuidance.for_scheduler(scheduler, SCALE))
    picture(modular, torch.zeros(1, 4, 16, 16))
    assert not plain.unet._forward_pre_hooks


def test_scale_1_is_one_evaluation(modular, plain, scheduler):
    counts = []
    hook = plain.unet.register_forward_hook(lambda *_: counts.append(1))
    try:
        modular.update_components(guider=RectifiedGuidance.for_scheduler(scheduler, 1.0))
        picture(modular, torch.zeros(1, 4, 16, 16))
        assert len(counts) == STEPS
        modular.update_components(guider=RectifiedGuidance.for_scheduler(scheduler, 2.0))
        picture(modular, torch.zeros(1, 4, 16, 16))
        assert len(counts) == STEPS + 3 * STEPS
        half = RectifiedGuidance.for_scheduler(scheduler, 2.0).new(stop=0.4)
        modular.update_components(guider=half)
        picture(modular, torch.zeros(1, 4, 16, 16))
        assert len(counts) == 4 * STEPS + 3 * 2 + 3
    finally:
        hook.remove()


def settings(thing):
    """Without the notes that diffusers makes about them."""
    return {name: value for name, value in thing.config.items() if not name.startswith("_")}


def test_it_is_kept_and_read_back(tmp_path, plain):
    guider = RectifiedGuidance.for_scheduler(plain.scheduler, 3.0, h=0.05)
    guider.save_pretrained(tmp_path)
    again = RectifiedGuidance.from_pretrained(str(tmp_path))
    assert settings(again) == settings(guider)
    assert again.config["h"] == 0.05
    for each in (guider, again):
        each.set_state(1, 5, torch.tensor(600))
    assert again._levels() == guider._levels()


def test_the_factor_in_closed_form():
    """Linear networks: the slope is known, so is F."""
    table = dict(DDIMScheduler().config)
    x, t = torch.randn(2, 4, 3, 3), torch.tensor(400)
    for kind, slope in (("epsilon", 0.3), ("v_prediction", -0.2), ("flow_prediction", 0.4)):
        given = None if kind == "flow_prediction" else table
        guider = RectifiedGuidance(3.0, kind, given, h=0.1)
        guider.set_state(0, 1, t)
        alpha, sigma = (float(value) for value in guider._levels())
        factor = {
            "epsilon": 1 - sigma * slope,
            "v_prediction": alpha * (alpha - sigma * slope),
            "flow_prediction": alpha * (1 - sigma * slope),
        }[kind]
        network = torch.nn.Linear(1, 1)
        network.forward = lambda sample: slope * sample  # noqa: B023 (called at once)
        outs = []
        for _ in range(3):
            guider.prepare_models(network)
            outs.append(network(x))
            guider.cleanup_models(network)
        uncond = torch.zeros_like(x)
        found = guider.forward(outs[0], uncond, outs[2]).pred
        expected = outs[0] + 2 * factor * outs[0]
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"prediction_type": "magic"}, "prediction_type"),
        ({}, "table"),
        ({"prediction_type": "flow_prediction", "h": 0.0}, "h"),
    ],
)
def test_bad_settings(settings, name):
    with pytest.raises(InputError, match=f"^{name}"):
        RectifiedGuidance(**settings)
