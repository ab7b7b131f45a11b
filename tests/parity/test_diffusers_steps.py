"""Step by step, our solvers and diffusers' schedulers do the same with the same outputs and noise.

diffusers keeps its tables in float32. Where the arithmetic is compared, the table is replaced by
our float64 one, so that what is left is the rounding of the steps themselves.
"""

import itertools

import pytest
import torch
from diffusers import (
    DDIMInverseScheduler,
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    FlowMatchEulerDiscreteScheduler,
)

from yuragi.core import (
    FlowSchedule,
    GaussianMixture,
    MixtureDenoiser,
    NetworkDenoiser,
    TableSchedule,
    cosine_betas,
    flow,
    leading,
    predictions,
    scaled_linear_betas,
    trailing,
    uniform,
)
from yuragi.sample import integrate
from yuragi.solver import DDIM, DDIMInversion, DPMSolverPP

F64 = torch.float64
STEPS = 20
CONFIG = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
TABLE = TableSchedule.from_betas(scaled_linear_betas())
ZERO_SNR = TableSchedule.from_betas(scaled_linear_betas(), rescale_betas_zero_snr=True)


def network(x, timestep, condition):
    """Any smooth nonlinear function of state and time will do."""
    time = timestep.reshape(-1, *[1] * (x.ndim - 1)) / 1000
    return torch.sin(1.3 * x + time) + 0.2 * x * time


def output(x, t):
    return network(x, torch.full((len(x),), float(t), dtype=x.dtype), None)


def ddim_scheduler(table, **config):
    scheduler = DDIMScheduler(**CONFIG, clip_sample=False, **config)
    scheduler.alphas_cumprod = table.alphas_cumprod
    scheduler.final_alpha_cumprod = torch.tensor(1.0, dtype=F64)
    scheduler.set_timesteps(STEPS)
    return scheduler


def walk(denoiser, solver, times, noises, diffusers_step):
    """Largest difference after any step; both sides carry their own state along."""
    x = y = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0), dtype=F64)
    memory, worst = solver.init(), 0.0
    for i, (t, s) in enumerate(itertools.pairwise(times)):
        transition, memory = solver.step(denoiser, x, t, s, memory)
        x = transition.draw(noises[i])
        y = diffusers_step(i, y, noises[i])
        worst = max(worst, (x - y).abs().max().item())
    return worst


@pytest.fixture
def noises():
    generator = torch.Generator().manual_seed(1)
    return torch.randn(STEPS, 2, 3, 4, generator=generator, dtype=F64)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "sample"])
@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("spacing", ["trailing", "leading"])
def test_ddim(spacing, eta, prediction, noises):
    scheduler = ddim_scheduler(TABLE, prediction_type=prediction, timestep_spacing=spacing)
    times = {"trailing": trailing, "leading": leading}[spacing](TABLE, STEPS)
    assert times[:-1].tolist() == scheduler.timesteps.tolist()

    def step(i, y, z):
        t = int(scheduler.timesteps[i])
        return scheduler.step(output(y, t), t, y, eta=eta, variance_noise=z).prev_sample

    denoiser = NetworkDenoiser(network, TABLE, predictions[prediction])
    assert walk(denoiser, DDIM(eta), times, noises, step) < 1e-11


@pytest.mark.parametrize("eta", [0.0, 1.0])
def test_ddim_from_zero_terminal_snr(eta, noises):
    scheduler = ddim_scheduler(
        ZERO_SNR, prediction_type="v_prediction", timestep_spacing="trailing"
    )
    denoiser = NetworkDenoiser(network, ZERO_SNR, predictions["v_prediction"])

    def step(i, y, z):
        t = int(scheduler.timesteps[i])
        return scheduler.step(output(y, t), t, y, eta=eta, variance_noise=z).prev_sample

    # At alpha_t = 0 diffusers takes the root of 1 - alpha_s^2 - std^2, which is 0 up to rounding:
    # its own error is sqrt(1e-16).
    worst = walk(denoiser, DDIM(eta), trailing(ZERO_SNR, STEPS), noises, step)
    assert worst < (1e-7 if eta else 1e-11)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("stochastic", [False, True])
def test_dpm_solver_multistep_in_float64(stochastic, order, prediction, noises):
    scheduler = dpm_scheduler(stochastic, order, prediction)
    times = trailing(TABLE, STEPS)
    alpha, sigma = TABLE(times)
    scheduler.sigmas = sigma / alpha
    outputs = []

    def step(i, y, z):
        # What its `step` does, without the detour of the state through float32.
        scheduler._step_index = i
        x0 = scheduler.convert_model_output(output(y, int(scheduler.timesteps[i])), sample=y)
        outputs.append(x0)
        if order == 1 or i == 0 or i == STEPS - 1:
            return scheduler.dpm_solver_first_order_update(x0, sample=y, noise=z)
        return scheduler.multistep_dpm_solver_second_order_update(outputs, sample=y, noise=z)

    denoiser = NetworkDenoiser(network, TABLE, predictions[prediction])
    assert walk(denoiser, DPMSolverPP(order, stochastic), times, noises, step) < 1e-11


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("stochastic", [False, True])
def test_dpm_solver_multistep_through_its_public_step(stochastic, prediction, noises):
    # Its state passes through float32 in each step and its sigmas are float32.
    scheduler = dpm_scheduler(stochastic, 2, prediction)
    times = trailing(TABLE, STEPS)
    assert times[:-1].tolist() == scheduler.timesteps.tolist()

    def step(i, y, z):
        t = scheduler.timesteps[i]
        return scheduler.step(output(y, t), t, y, variance_noise=z).prev_sample

    denoiser = NetworkDenoiser(network, TABLE, predictions[prediction])
    assert walk(denoiser, DPMSolverPP(2, stochastic), times, noises, step) < 2e-4


def dpm_scheduler(stochastic, order, prediction):
    scheduler = DPMSolverMultistepScheduler(
        **CONFIG,
        prediction_type=prediction,
        solver_order=order,
        algorithm_type="sde-dpmsolver++" if stochastic else "dpmsolver++",
        solver_type="midpoint",
        final_sigmas_type="zero",
        lower_order_final=False,
        timestep_spacing="trailing",
    )
    scheduler.set_timesteps(STEPS)
    return scheduler


@pytest.mark.parametrize(
    ("betas", "at_five"), [(scaled_linear_betas(), 0.95), (cosine_betas(), 0.65)]
)
def test_dpm_solver_from_zero_terminal_snr_is_at_least_as_good_at_every_count(betas, at_five):
    """On data of unit deviation, which the ODE leaves where it is.

    diffusers replaces alpha = 0 by 2^-12, so its second step hardly extrapolates.
    """
    table = TableSchedule.from_betas(betas, rescale_betas_zero_snr=True)
    one = torch.ones(1, 1, dtype=F64)
    denoiser = MixtureDenoiser(GaussianMixture.diagonal(one[0], 0 * one, one), table)
    x = torch.linspace(-2, 2, 9, dtype=F64)[:, None]
    ratios = {}
    for steps in range(5, 51):
        scheduler = DPMSolverMultistepScheduler(
            trained_betas=betas.tolist(),
            rescale_betas_zero_snr=True,
            prediction_type="sample",
            solver_order=2,
            solver_type="midpoint",
            lower_order_final=True,
            final_sigmas_type="zero",
            timestep_spacing="trailing",
        )
        scheduler.set_timesteps(steps)
        theirs = x
        for t in scheduler.timesteps:
            theirs = scheduler.step(denoiser(theirs, t.to(F64)), t, theirs).prev_sample
        times = torch.cat([scheduler.timesteps.to(F64), torch.tensor([table.clean])])
        ours = integrate(denoiser, DPMSolverPP(2), x, times)
        ratios[steps] = ((ours - x).norm() / (theirs - x).norm()).item()
    assert max(ratios.values()) < 1
    assert ratios[5] < at_five


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_ddim_inverse(prediction, noises):
    scheduler = DDIMInverseScheduler(
        **CONFIG, clip_sample=False, prediction_type=prediction, timestep_spacing="trailing"
    )
    scheduler.alphas_cumprod = TABLE.alphas_cumprod
    scheduler.initial_alpha_cumprod = torch.tensor(1.0, dtype=F64)
    scheduler.set_timesteps(STEPS)
    times = trailing(TABLE, STEPS).flip(0)
    assert times[1:].tolist() == scheduler.timesteps.tolist()

    def step(i, y, z):
        t = int(scheduler.timesteps[i])
        return scheduler.step(output(y, t), t, y).prev_sample

    held = predictions[prediction]
    denoiser = NetworkDenoiser(network, TABLE, held)
    assert walk(denoiser, DDIMInversion(held), times, noises, step) < 1e-11


def test_euler_on_rectified_flow(noises):
    # The name "euler" is DDIM at eta 0: on the flow schedule they are one method.
    scheduler = FlowMatchEulerDiscreteScheduler()
    times = uniform(FlowSchedule(), STEPS)
    scheduler.set_timesteps(sigmas=times[:-1].tolist())

    def step(i, y, z):
        return scheduler.step(output(y, times[i]), scheduler.timesteps[i], y).prev_sample

    denoiser = NetworkDenoiser(network, FlowSchedule(), flow)
    assert walk(denoiser, DDIM(0.0), times, noises, step) < 2e-5  # its state is float32


@pytest.mark.parametrize(("eta", "stochastic"), [(0.0, False), (1.0, True)])
@pytest.mark.parametrize("schedule", [TABLE, FlowSchedule()])
def test_first_order_dpm_solver_is_ddim(schedule, eta, stochastic, noises):
    denoiser = NetworkDenoiser(network, schedule, predictions["v_prediction"])
    x = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0), dtype=F64)
    times = trailing(schedule, STEPS)
    for t, s in itertools.pairwise(times):
        ours, _ = DDIM(eta).step(denoiser, x, t, s)
        theirs, _ = DPMSolverPP(1, stochastic).step(denoiser, x, t, s)
        assert torch.allclose(ours.mean, theirs.mean, rtol=0, atol=1e-12)
        assert torch.allclose(ours.std, theirs.std, rtol=0, atol=1e-14)
        x = ours.mean
