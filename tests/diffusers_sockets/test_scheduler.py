"""Our solvers as a scheduler: equal to our own loop, noise by row, kept and read back."""

import numpy as np
import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EDMEulerScheduler,
    FlowMatchEulerDiscreteScheduler,
    StableDiffusionInpaintPipeline,
    UniPCMultistepScheduler,
)
from tiny_pipelines import build

import yuragi
from promises import assert_different, assert_equal_to_rounding, assert_identical
from yuragi.core import SeededNoise
from yuragi.diffusers import SolverScheduler
from yuragi.errors import InputError

STEPS = 6


def picture(pipeline, z, **more):
    return pipeline(
        ["a red cat"] * len(z),
        latents=z.clone(),
        width=64,
        height=64,
        num_inference_steps=STEPS,
        guidance_scale=2.0,
        output_type="np",
        **more,
    ).images


@pytest.mark.parametrize("solver", ["ddim", "ddpm", "dpm++2m", "sde-dpm++", "sde-dpm++2m"])
@pytest.mark.parametrize("name", ["sd1", "sd2", "sdxl"])
def test_it_equals_our_own_loop(name, solver):
    pipeline = build(name)
    model = yuragi.load(pipeline)
    z = torch.randn(2, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    result = model.sample(
        "a red cat",
        latents=z,
        num_images=2,
        solver=solver,
        num_inference_steps=STEPS,
        guidance_scale=2.0,
        seed=7,
    )
    pipeline.scheduler = SolverScheduler.from_config(
        pipeline.scheduler.config, solver=solver, seed=7
    )
    found = picture(pipeline, z)
    assert_equal_to_rounding(result.images, found)
    assert_identical(picture(pipeline, z), found)


def test_a_row_does_not_depend_on_its_batch():
    pipeline = build("sd1")
    pipeline.scheduler = SolverScheduler.from_config(pipeline.scheduler.config)
    z = torch.randn(3, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    both, alone = picture(pipeline, z), picture(pipeline, z[:1])
    assert_equal_to_rounding(both[:1], alone)
    same = picture(pipeline, z[:1].expand(2, -1, -1, -1))
    assert_different(same[0], same[1])  # another row, another noise


def test_seeds_decide():
    pipeline = build("sd1")
    z = torch.zeros(1, 4, 16, 16)
    found = []
    for seed in (1, 1, 2):
        pipeline.scheduler = SolverScheduler.from_config(pipeline.scheduler.config, seed=seed)
        found.append(picture(pipeline, z))
    assert_identical(found[0], found[1])
    assert_different(found[0], found[2])


def settings(thing):
    """Without the notes that diffusers makes about them."""
    return {name: value for name, value in thing.config.items() if not name.startswith("_")}


def test_it_is_kept_and_read_back(tmp_path):
    kept = SolverScheduler(solver="ddpm", beta_schedule="scaled_linear", seed=3)
    kept.save_pretrained(tmp_path)
    assert settings(SolverScheduler.from_pretrained(tmp_path)) == settings(kept)


def test_noise_is_added_as_diffusers_does():
    ours, theirs = SolverScheduler(), DDIMScheduler()
    x, z, t = torch.randn(2, 4, 8, 8), torch.randn(2, 4, 8, 8), torch.tensor([100, 900])
    torch.testing.assert_close(ours.add_noise(x, z, t), theirs.add_noise(x, z, t))


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"solver": "heun"}, "solver"),
        ({"solver": "ddpm", "eta": 0.5}, "eta"),
        ({"prediction_type": "magic"}, "prediction_type"),
        ({"timestep_spacing": "magic"}, "timestep_spacing"),
        ({"time_shift_type": "magic"}, "time_shift_type"),
    ],
)
def test_bad_settings(settings, name):
    with pytest.raises(InputError, match=f"^{name}"):
        SolverScheduler(**settings)


FLOWS = {
    "euler": FlowMatchEulerDiscreteScheduler(shift=3.0),
    "euler, no shift of its own": FlowMatchEulerDiscreteScheduler(),
    "unipc": UniPCMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
    ),
    "dpm": DPMSolverMultistepScheduler(
        prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
    ),
}


@pytest.mark.parametrize("name", FLOWS)
def test_flows_are_known_by_their_configuration(name, tmp_path):
    """Euler's method on the levels of diffusers' own, step by step."""
    found = SolverScheduler.from_config(FLOWS[name].config, solver="euler")
    assert found.config["prediction_type"] == "flow_prediction"
    found.save_pretrained(tmp_path)
    shift = 1.0 if "no shift" in name else 3.0
    theirs = FlowMatchEulerDiscreteScheduler(shift=shift)
    sigmas = np.linspace(1, 0.2, 5)
    theirs.set_timesteps(sigmas=sigmas)
    for ours in (found, SolverScheduler.from_pretrained(tmp_path)):
        ours.set_timesteps(sigmas=sigmas)
        torch.testing.assert_close(ours.timesteps, theirs.timesteps)
        generator = torch.Generator().manual_seed(0)
        x = y = torch.randn(2, 4, 8, 8, generator=generator)
        for t in theirs.timesteps:
            out = torch.randn(x.shape, generator=generator)
            x = ours.step(out, t, x).prev_sample
            y = theirs.step(out, t, y).prev_sample
        torch.testing.assert_close(x, y, rtol=1e-5, atol=1e-5)
        theirs.set_timesteps(sigmas=sigmas)


@pytest.mark.parametrize("solver", ["euler", "dpm++2m", "sde-dpm++2m"])
def test_flow_pipelines_equal_our_own_loop(solver):
    pipeline = build("sd3")
    model = yuragi.load(pipeline)
    z = torch.randn(1, 16, 16, 16, generator=torch.Generator().manual_seed(0))
    ours = model.sample(
        "a red cat",
        latents=z,
        solver=solver,
        num_inference_steps=STEPS,
        guidance_scale=2.0,
        seed=7,
    )
    pipeline.scheduler = SolverScheduler.from_config(
        pipeline.scheduler.config, solver=solver, seed=7
    )
    found = picture(pipeline, z)[0]
    assert_equal_to_rounding(ours.image, found)


def test_a_shift_for_the_size_is_the_pipelines():
    pipeline = build("flux")
    z = torch.randn(1, 64, 64, generator=torch.Generator().manual_seed(0))
    settings = {"latents": z, "width": 64, "height": 64, "num_inference_steps": STEPS}
    settings |= {"output_type": "np", "max_sequence_length": 16}
    theirs = pipeline("a red cat", **settings).images
    pipeline.scheduler = SolverScheduler.from_config(pipeline.scheduler.config, solver="euler")
    np.testing.assert_allclose(pipeline("a red cat", **settings).images, theirs, atol=1e-4)


def test_noise_of_flows_is_added_as_diffusers_does():
    theirs = FlowMatchEulerDiscreteScheduler(shift=3.0)
    ours = SolverScheduler.from_config(theirs.config)
    x, z, t = torch.randn(2, 4, 8, 8), torch.randn(2, 4, 8, 8), theirs.timesteps[[100, 900]]
    torch.testing.assert_close(ours.scale_noise(x, t, z), theirs.scale_noise(x, t, z))


def test_several_pictures_are_inpainted():
    """The pipeline adds noise for all rows with one timestep."""
    parts = build("sd1").components
    pipeline = StableDiffusionInpaintPipeline(**parts, requires_safety_checker=False)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.scheduler = SolverScheduler.from_config(pipeline.scheduler.config, solver="ddim")
    picture = np.random.default_rng(0).random((1, 64, 64, 3), dtype=np.float32)
    mask = np.zeros((64, 64), np.float32)
    mask[:, 32:] = 1
    z = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(0)).repeat(2, 1, 1, 1)
    common = {"image": picture, "mask_image": mask, "width": 64, "height": 64}
    common |= {"num_inference_steps": 3, "output_type": "np"}
    found = pipeline("a cat", latents=z, num_images_per_prompt=2, **common).images
    alone = pipeline("a cat", latents=z[:1], **common).images
    for each in found:
        np.testing.assert_allclose(each, alone[0], atol=0.02)  # the picture's code is drawn


def test_one_timestep_serves_all_rows():
    ours, theirs = SolverScheduler(), DDIMScheduler()
    x, z = torch.randn(3, 4, 8, 8), torch.randn(3, 4, 8, 8)
    for t in (torch.tensor([100]), torch.tensor(100)):
        torch.testing.assert_close(ours.add_noise(x, z, t), theirs.add_noise(x, z, t))
    with pytest.raises(InputError, match="^timesteps[: ].*2"):
        ours.add_noise(x, z, torch.tensor([1, 2]))


@pytest.mark.parametrize("offset", [0, 1])
def test_leading_has_the_offset_of_diffusers(offset):
    settings = {"timestep_spacing": "leading", "steps_offset": offset, "clip_sample": False}
    theirs = DDIMScheduler(**settings)
    ours = SolverScheduler.from_config(theirs.config, solver="ddim")
    theirs.set_timesteps(10)
    ours.set_timesteps(10)
    assert ours.timesteps.tolist() == theirs.timesteps.tolist()


def test_the_eta_of_a_pipeline():
    """As in diffusers, with noise that ours is handed as theirs."""
    theirs = DDIMScheduler(timestep_spacing="trailing", clip_sample=False)
    ours = SolverScheduler.from_config(theirs.config, solver="ddim", seed=5)
    generator = torch.Generator().manual_seed(0)
    x = y = torch.randn(2, 3, 8, 8, generator=generator)
    theirs.set_timesteps(10)
    ours.set_timesteps(10)
    for step, t in enumerate(theirs.timesteps):
        out = torch.randn(x.shape, generator=generator)
        noise = SeededNoise(5, stream="steps")(step, x)
        x = ours.step(out, t, x, eta=0.5).prev_sample
        y = theirs.step(out, t, y, eta=0.5, variance_noise=noise).prev_sample
    torch.testing.assert_close(x, y, rtol=1e-4, atol=1e-4)


def test_a_pipeline_that_passes_eta_on():
    pipeline = build("pixels")

    def sample(eta):
        settings = {"num_inference_steps": 4, "eta": eta, "output_type": "np"}
        return pipeline(generator=torch.Generator().manual_seed(0), **settings).images

    plain = sample(0.0)
    config = pipeline.scheduler.config
    pipeline.scheduler = SolverScheduler.from_config(config, solver="ddim")
    np.testing.assert_allclose(sample(0.0), plain, atol=1e-4)
    assert np.abs(sample(1.0) - plain).max() > 0.01
    ancestral = sample(1.0)
    pipeline.scheduler = SolverScheduler.from_config(config, solver="ddpm")
    np.testing.assert_allclose(sample(0.0), ancestral, atol=1e-4)  # 0 is nobody's wish
    with pytest.raises(InputError, match=r"^eta[: ].*0\.5"):
        sample(0.5)
    with pytest.raises(InputError, match="^use_clipped_model_output"):
        pipeline(use_clipped_model_output=True)


def test_timesteps_of_the_caller():
    pipeline = build("sd1")
    z = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    pipeline.scheduler = SolverScheduler.from_config(pipeline.scheduler.config, solver="dpm++2m")
    expected = picture(pipeline, z)
    timesteps = [int(t) for t in pipeline.scheduler.timesteps]
    np.testing.assert_array_equal(picture(pipeline, z, timesteps=timesteps), expected)
    flow = SolverScheduler(shift=3.0)
    flow.set_timesteps(6)
    again = SolverScheduler(shift=3.0)
    again.set_timesteps(timesteps=flow.timesteps)
    torch.testing.assert_close(again.timesteps, flow.timesteps)
    for wrong in ([1, 999], [1000, 1], [5, 5]):
        with pytest.raises(InputError, match="^times"):
            pipeline.scheduler.set_timesteps(timesteps=wrong)
    with pytest.raises(InputError, match="^sigmas"):
        pipeline.scheduler.set_timesteps(sigmas=[14.6, 1.0])
    with pytest.raises(InputError, match="^mu"):
        pipeline.scheduler.set_timesteps(5, mu=1.0)
    with pytest.raises(InputError, match="^num_inference_steps"):
        pipeline.scheduler.set_timesteps()


def test_another_solver_drops_the_eta():
    first = SolverScheduler(solver="ddim", eta=0.5)
    second = SolverScheduler.from_config(first.config, solver="sde-dpm++2m")
    assert (second.config["solver"], second.config["eta"]) == ("sde-dpm++2m", None)
    assert SolverScheduler.from_config(first.config, seed=2).config["eta"] == 0.5
    with pytest.raises(InputError, match="^eta"):
        SolverScheduler.from_config(first.config, solver="ddpm", eta=0.5)


def test_levels_that_nothing_is_known_of():
    with pytest.raises(InputError, match="^scheduler.*sigma_data"):
        SolverScheduler.from_config(EDMEulerScheduler().config)


def test_beyond_the_last_level():
    scheduler = SolverScheduler()
    with pytest.raises(InputError, match="set_timesteps"):
        scheduler.step(torch.zeros(1, 4, 2, 2), 5, torch.zeros(1, 4, 2, 2))
