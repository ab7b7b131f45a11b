"""The grid `native`: every level of diffusers' schedulers once, in order, whatever they repeat."""

import math

import pytest
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EDMDPMSolverMultistepScheduler,
    EDMEulerScheduler,
    EulerDiscreteScheduler,
    FlowMatchEulerDiscreteScheduler,
    FlowMatchHeunDiscreteScheduler,
    HeunDiscreteScheduler,
    KDPM2DiscreteScheduler,
    LCMScheduler,
    PNDMScheduler,
    StableDiffusionPipeline,
    UniPCMultistepScheduler,
)
from tiny_pipelines import build

import yuragi
from yuragi.core import FlowSchedule, trailing
from yuragi.errors import InputError
from yuragi.models.schedules import flow_from_config, grids_of, schedule_from_config

LATENT = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
STEPS = [2, 20, 50, 61]

TIMESTEPS = {  # levels are whole timesteps
    "ddim": DDIMScheduler(**LATENT),
    "ddim-trailing": DDIMScheduler(timestep_spacing="trailing", **LATENT),
    "pndm": PNDMScheduler(skip_prk_steps=True, steps_offset=1, **LATENT),
}
SIGMAS = {  # levels are sigma / alpha
    "euler": EulerDiscreteScheduler(**LATENT),
    "heun": HeunDiscreteScheduler(**LATENT),
    "heun-karras": HeunDiscreteScheduler(use_karras_sigmas=True, **LATENT),
    "kdpm2": KDPM2DiscreteScheduler(**LATENT),
    "dpm": DPMSolverMultistepScheduler(**LATENT),
    "dpm-karras": DPMSolverMultistepScheduler(use_karras_sigmas=True, **LATENT),
    "dpm-karras-cosine": DPMSolverMultistepScheduler(
        use_karras_sigmas=True, beta_schedule="squaredcos_cap_v2"
    ),
    "dpm-exponential": DPMSolverMultistepScheduler(use_exponential_sigmas=True, **LATENT),
    "unipc-karras": UniPCMultistepScheduler(use_karras_sigmas=True, **LATENT),
}


def native(scheduler, steps):
    schedule = schedule_from_config(scheduler.config)
    times = grids_of(scheduler, 0)["native"](schedule, steps)
    scheduler.set_timesteps(steps)
    assert times[-1] == schedule.clean
    return schedule, times[:-1]


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("scheduler", TIMESTEPS.values(), ids=TIMESTEPS)
def test_timesteps(scheduler, steps):
    _, times = native(scheduler, steps)
    # -1 is the clean end, which diffusers' trailing list has at 61 steps.
    assert times.tolist() == sorted({*scheduler.timesteps.tolist()} - {-1}, reverse=True)
    assert len(times) == steps


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("scheduler", SIGMAS.values(), ids=SIGMAS)
def test_sigmas(scheduler, steps):
    schedule, times = native(scheduler, steps)
    theirs = sorted({*scheduler.sigmas.tolist()} - {0.0}, reverse=True)
    assert len(times) == steps
    alpha, sigma = schedule(times)
    assert torch.allclose(sigma / alpha, torch.tensor(theirs).double(), rtol=5e-4)


@pytest.mark.parametrize("steps", STEPS)
def test_whole_timesteps_stay_whole(steps):
    scheduler = SIGMAS["dpm"]
    _, times = native(scheduler, steps)
    assert times.tolist() == scheduler.timesteps.tolist()


def test_the_level_without_signal():
    scheduler = EulerDiscreteScheduler(
        rescale_betas_zero_snr=True, timestep_spacing="trailing", **LATENT
    )
    schedule, times = native(scheduler, 20)
    assert schedule(times[0])[0] == 0
    assert times.tolist() == scheduler.timesteps.tolist()


def test_runge_kutta_steps_have_three_levels_more():
    scheduler = PNDMScheduler(**LATENT)
    _, times = native(scheduler, 20)
    assert len(times) == 23
    assert times.tolist() == sorted({*scheduler.timesteps.tolist()}, reverse=True)


@pytest.mark.parametrize("kind", [FlowMatchEulerDiscreteScheduler, FlowMatchHeunDiscreteScheduler])
@pytest.mark.parametrize("steps", STEPS)
def test_flows(kind, steps):
    scheduler = kind(shift=3.0)
    schedule = flow_from_config(scheduler.config, 0)
    times = grids_of(scheduler, 0)["native"](schedule, steps)
    scheduler.set_timesteps(steps)
    theirs = sorted({*scheduler.sigmas.tolist()}, reverse=True)
    assert torch.allclose(schedule(times)[1], torch.tensor(theirs).double(), atol=1e-6)


@pytest.mark.parametrize("kind", [DPMSolverMultistepScheduler, UniPCMultistepScheduler])
def test_flows_of_schedulers_that_support_both(kind):
    """Steps that are even in our time are theirs, up to 1 / 1000, at which UniPC's end."""
    scheduler = kind(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0)
    schedule = flow_from_config(scheduler.config, 0)
    assert schedule == FlowSchedule(3.0)
    scheduler.set_timesteps(20)
    even = schedule(trailing(schedule, 20))[1]
    assert torch.allclose(even, scheduler.sigmas.double(), atol=3e-3)
    native = grids_of(scheduler, 0)["native"](schedule, 20)
    assert torch.allclose(schedule(native)[1], scheduler.sigmas.double(), atol=1e-6)


@pytest.mark.parametrize("kind", ["exponential", "linear"])
def test_a_shift_that_depends_on_the_size(kind):
    scheduler = FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, time_shift_type=kind)
    tokens = 1024
    mu = 0.5 + (1.15 - 0.5) * (tokens - 256) / (4096 - 256)  # calculate_shift of the pipelines
    schedule = flow_from_config(scheduler.config, tokens)
    scheduler.set_timesteps(sigmas=torch.linspace(1, 0.05, 20).tolist(), mu=mu)
    even = schedule(trailing(schedule, 20))[1]
    assert torch.allclose(even, scheduler.sigmas.double(), atol=1e-6)
    native = grids_of(scheduler, tokens)["native"](schedule, 20)
    assert torch.allclose(schedule(native)[1], even, atol=1e-6)


@pytest.mark.parametrize("kind", [DPMSolverMultistepScheduler, UniPCMultistepScheduler])
def test_a_solver_whose_shift_depends_on_the_size(kind):
    """These take mu, but no sigmas, and their configuration has no constants."""
    scheduler = kind(
        prediction_type="flow_prediction", use_flow_sigmas=True, use_dynamic_shifting=True
    )
    schedule = flow_from_config(scheduler.config, 4096)
    assert schedule.shift == pytest.approx(math.exp(1.15))
    native = grids_of(scheduler, 4096)["native"](schedule, 20)
    scheduler.set_timesteps(20, mu=1.15)
    assert torch.allclose(schedule(native)[1], scheduler.sigmas.double(), atol=1e-6)


@pytest.mark.parametrize("kind", [EDMDPMSolverMultistepScheduler, EDMEulerScheduler])
def test_levels_of_edm_are_refused_by_name(kind, tmp_path):
    """Of Playground v2.5 and CosXL."""
    kind().save_pretrained(tmp_path)
    pipeline = build("sdxl")
    pipeline.scheduler = kind.from_pretrained(tmp_path)
    with pytest.raises(InputError, match=f"^scheduler must .*EDM's levels.*{kind.__name__}"):
        yuragi.load(pipeline)


def test_levels_of_another_kind_are_refused_by_name():
    flow, table = FlowMatchEulerDiscreteScheduler(), DDIMScheduler()
    with pytest.raises(InputError, match="^scheduler must .*table"):
        schedule_from_config(flow.config)
    with pytest.raises(InputError, match="^scheduler must .*flow"):
        flow_from_config(table.config, 0)


def test_numbers_of_steps_that_the_scheduler_refuses():
    for scheduler, steps in ((PNDMScheduler(**LATENT), 1), (LCMScheduler(**LATENT), 59)):
        with pytest.raises(InputError, match="^num_inference_steps.*Scheduler allows"):
            native(scheduler, steps)


def test_a_pipeline_with_pndm_draws_and_counts_its_steps(tiny):
    pipeline = tiny.loaded.pipeline
    scheduler = PNDMScheduler.from_config(pipeline.scheduler.config, skip_prk_steps=False)
    model = yuragi.load(StableDiffusionPipeline(**{**pipeline.components, "scheduler": scheduler}))
    seen = []
    model.sample(
        "a person",
        num_inference_steps=5,
        timestep_spacing="native",
        guidance_scale=1.0,
        width=32,
        height=32,
        seed=0,
        on_progress=lambda *done: seen.append(done),
    )
    assert seen == [(k + 1, 8) for k in range(8)]
