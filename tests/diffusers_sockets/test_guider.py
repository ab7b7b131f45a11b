"""REG as a guider of a real modular pipeline: equal to our own loop, kept, and without a trace."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EDMEulerScheduler,
    FlowMatchEulerDiscreteScheduler,
    FluxAutoBlocks,
    StableDiffusionXLAutoBlocks,
    UniPCMultistepScheduler,
)
from diffusers.modular_pipelines.modular_pipeline import BlockState
from diffusers.modular_pipelines.z_image.denoise import ZImageLoopDenoiser
from tiny_pipelines import build

import yuragi
from yuragi import Guidance
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
    rule = Guidance(gain="reg_forward")
    ours = np.asarray(model.sample("a red cat", guidance=rule, **settings).image) / 255
    assert np.abs(ours - theirs).max() <= 0.5 / 255 + 2e-3
    without = np.asarray(model.sample("a red cat", **settings).image) / 255
    assert np.abs(without - theirs).max() > 0.02  # REG does something here


def test_nothing_stays(modular, plain, scheduler):
    before = type(plain.unet), dict(vars(plain.unet))
    modular.update_components(guider=RectifiedGuidance.for_pipeline(modular, SCALE))
    picture(modular, torch.zeros(1, 4, 16, 16))
    assert (type(plain.unet), vars(plain.unet)) == before


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_nothing_stays_where_the_network_raises(modular, plain, batch):
    """In whichever batch of a step: its next call sees the state as it is given."""
    modular.update_components(guider=RectifiedGuidance.for_pipeline(modular, SCALE))
    left = [batch]

    def fail(*_):
        left[0] -= 1
        if not left[0]:
            raise MemoryError

    kind, broken = type(plain.unet), plain.unet.conv_in.register_forward_pre_hook(fail)
    with pytest.raises(MemoryError):
        picture(modular, torch.zeros(1, 4, 16, 16))
    broken.remove()
    assert type(plain.unet) is kind
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


@pytest.mark.parametrize("ticks", [1000, 1])
def test_a_flows_timestep_is_a_share_of_its_ticks(ticks):
    """All the way down: 1 of 1000 is not pure noise."""
    scheduler = FlowMatchEulerDiscreteScheduler(num_train_timesteps=ticks)
    guider = RectifiedGuidance.for_scheduler(scheduler)
    for each in (guider, guider.new(guidance_scale=2.0)):
        for sigma in (1.0, 0.5, 0.0015, 0.001, 0.0005):
            each.set_state(0, 1, torch.tensor(ticks * sigma))
            found = [float(value) for value in each._levels()]
            assert found == pytest.approx([1 - sigma, sigma], rel=1e-6)


@pytest.mark.parametrize("kind", [UniPCMultistepScheduler, DPMSolverMultistepScheduler])
def test_flow_levels_of_solvers_that_serve_both(kind):
    """Within the whole timesteps that they tell the network."""
    scheduler = kind(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0)
    guider = RectifiedGuidance.for_scheduler(scheduler)
    assert guider.config["prediction_type"] == "flow_prediction"
    scheduler.set_timesteps(8)
    for t, sigma in zip(scheduler.timesteps, scheduler.sigmas, strict=False):
        guider.set_state(0, 8, t)
        assert float(guider._levels()[1]) == pytest.approx(float(sigma), abs=1.1e-3)


class Linear(torch.nn.Module):
    """Slope -0.6 for every name of a state, in bfloat16 but for one weight, answers in full."""

    def __init__(self):
        super().__init__()
        self.kept_in_single = torch.nn.Parameter(torch.ones(1))
        self.other = torch.nn.Parameter(torch.ones(1, dtype=torch.bfloat16))

    def forward(self, sample=None, hidden_states=None, x=None, **_):
        rows = next(each for each in (sample, hidden_states, x) if each is not None)
        rows = torch.stack(list(rows))
        assert rows.dtype == torch.bfloat16
        return (-0.6 * rows.float(),)


@pytest.mark.parametrize("sigma", [0.9, 0.3, 0.02])
@pytest.mark.parametrize("call", ["position", "sample", "hidden_states", "x"])
def test_half_precision_divides_by_what_moved(call, sigma):
    """At low noise the step is below the spacing of bfloat16: F is exact or 1, nothing between."""
    guider = RectifiedGuidance(3.0, "flow_prediction")
    guider.set_state(0, 1, torch.tensor(1000 * sigma))
    state = torch.randn(2, 4, 1, 8, 8, generator=torch.Generator().manual_seed(0)).bfloat16()
    given = list(state) if call == "x" else state
    network, outs = Linear(), []
    for _ in range(3):
        guider.prepare_models(network)
        outs.append((network(given) if call == "position" else network(**{call: given}))[0])
        guider.cleanup_models(network)
    flat = [out.squeeze(2) for out in outs]  # as Z-Image's pipeline does
    cond, pred = flat[0], guider.forward(flat[0], torch.zeros_like(flat[0]), flat[2]).pred
    factor = (pred - cond) / (2 * cond)
    exact = (1 - sigma) * (1 + 0.6 * sigma)
    heard = torch.isclose(factor, torch.tensor(exact), rtol=1e-3)
    assert (heard | torch.isclose(factor, torch.ones(()), rtol=1e-4)).all()
    assert heard.float().mean() > (0.5 if sigma == 0.02 else 0.9)
    assert pred.dtype == cond.dtype


def test_z_image_asks_with_a_list_called_x():
    """Diffusers' own step; its network answers with the opposite sign."""

    class Network(torch.nn.Module):
        def forward(self, x, t, cap_feats, return_dict):
            return ([0.6 * row + cap_feats[0] for row in x],)

    guider = RectifiedGuidance(3.0, "flow_prediction")
    state = torch.randn(2, 4, 1, 8, 8)
    block = BlockState(
        num_inference_steps=1,
        latent_model_input=list(state),
        timestep=torch.tensor([0.5, 0.5]),
        dtype=torch.float32,
        prompt_embeds=[torch.ones(())],
        negative_prompt_embeds=[torch.zeros(())],
    )
    parts = SimpleNamespace(guider=guider, transformer=Network())
    _, found = ZImageLoopDenoiser()(parts, block, 0, torch.tensor(500.0))
    cond = -0.6 * state.squeeze(2) - 1
    expected = cond + 2 * 0.5 * (1 + 0.5 * 0.6) * -1
    torch.testing.assert_close(found.noise_pred, expected, rtol=1e-4, atol=1e-4)


def test_networks_that_do_not_fit_are_named():
    guider = RectifiedGuidance(3.0, "flow_prediction")
    out = torch.zeros(1, 4, 8, 8)

    def third(network, **named):
        guider.set_state(0, 1, torch.tensor(500.0))
        for _ in range(3):
            guider.prepare_models(network)
        network(**named)

    with pytest.raises(InputError, match="^denoiser[: ].*one that is told state, t"):
        third(torch.nn.Identity(), state=out, t=1)

    class Inpainting(torch.nn.Module):
        def forward(self, sample):
            return sample[:, :4]

    third(Inpainting(), sample=torch.zeros(1, 9, 8, 8))
    with pytest.raises(InputError, match=r"^denoiser.*\(1, 9, 8, 8\)"):
        guider.forward(out, out, out)


def test_pipelines_that_do_not_fit_are_named(plain):
    flux = FluxAutoBlocks().init_pipeline()
    with pytest.raises(InputError, match="^pipeline[: ].*FluxModularPipeline"):
        RectifiedGuidance.for_pipeline(flux)
    with pytest.raises(InputError, match="^pipeline[: ].*StableDiffusionXLPipeline"):
        RectifiedGuidance.for_pipeline(plain)
    with pytest.raises(InputError, match="^scheduler"):
        RectifiedGuidance.for_scheduler(EDMEulerScheduler())


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
