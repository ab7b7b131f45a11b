"""Every solver under every schedule turns the noise it starts from into the data."""

import pytest
import torch

from numeric.moments import (
    BIMODAL,
    F64,
    GAUSSIAN,
    MEANS,
    SCHEDULES,
    SOLVERS,
    VARIANCES,
    marginal,
    sampled_law,
)
from yuragi.core import MixtureDenoiser, SeededNoise, uniform_log_snr
from yuragi.invert import ode_invert
from yuragi.sample import integrate


def gap(name, schedule, steps):
    """Largest error of the mean (in standard deviations) and of the standard deviation (ratio).

    Every solver's last step, to the clean end, returns E[x_0 | x] at the faintest level, whose
    variance is v^2 / (v + (sigma / alpha)^2), a little below the data's v. That is the target.
    """
    times = uniform_log_snr(schedule, steps)
    mean, variance = sampled_law(SOLVERS[name], schedule, times, *marginal(schedule, times[0]))
    alpha, sigma = schedule(times[-2])
    target = VARIANCES[0] ** 2 / (VARIANCES[0] + (sigma / alpha) ** 2)
    mean_gap = (mean - MEANS[0]).abs() / target.sqrt()
    return max(mean_gap.max().item(), ((variance / target).sqrt() - 1).abs().max().item())


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", SOLVERS)
def test_gaussian_data_is_reproduced_exactly_in_the_limit(name, schedule):
    # No Monte Carlo: what remains is discretisation, so it is small and it shrinks at the
    # solver's rate.
    order = SOLVERS[name](None, 64).order
    error = gap(name, SCHEDULES[schedule], 64)
    assert error < {1: 0.12, 2: 0.016}[order]
    assert gap(name, SCHEDULES[schedule], 128) < {1: 0.57, 2: 0.3}[order] * error


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", SOLVERS)
def test_a_bimodal_mixture_is_reproduced(name, schedule):
    # Kolmogorov-Smirnov against the exact distribution function; 1.95 / sqrt(n) is the 0.1 %
    # point. The noise is seeded, so the outcome does not vary from run to run.
    schedule, count, steps = SCHEDULES[schedule], 4000, 60
    times = uniform_log_snr(schedule, steps)
    generator = torch.Generator().manual_seed(1)
    x = BIMODAL.sample(count, *schedule(times[0]), generator=generator)
    noise = lambda step, like: torch.randn(like.shape, generator=generator, dtype=F64)  # noqa: E731
    out = integrate(
        MixtureDenoiser(BIMODAL, schedule), SOLVERS[name](noise, steps), x, times, noise=noise
    )
    values = out[:, 0].sort().values
    normal = torch.distributions.Normal(BIMODAL.means[:, 0], BIMODAL.covariances[:, 0, 0].sqrt())
    cdf = (normal.cdf(values[:, None]) * BIMODAL.weights).sum(-1)
    empirical = torch.arange(1, count + 1, dtype=F64) / count
    discretisation = {1: 0.02, 2: 0.005}[SOLVERS[name](noise, steps).order]
    assert (cdf - empirical).abs().max() < 1.95 / count**0.5 + discretisation


def inversion_gap(schedule, steps):
    """Largest error of the law to which ODE inversion carries the data, up to log-SNR -1.5."""
    top = schedule.time(torch.tensor(-1.5, dtype=F64))
    grid = torch.linspace(0, 1, steps + 1, dtype=F64) ** 2  # small steps near the data
    times = schedule.clean + grid * (top - schedule.clean)
    x = torch.zeros(2, MEANS.shape[1], dtype=F64)
    x[1] = 1
    zero, one = ode_invert(MixtureDenoiser(GAUSSIAN, schedule), x, times)[-1]
    mean, variance = marginal(schedule, top)
    mean_gap = ((one - zero) * MEANS[0] + zero - mean).abs() / variance.sqrt()
    std_gap = ((one - zero) * (VARIANCES[0] / variance).sqrt() - 1).abs()
    return max(mean_gap.max().item(), std_gap.max().item())


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_ode_inversion_carries_data_to_its_noisy_marginal(schedule):
    error = inversion_gap(SCHEDULES[schedule], 200)
    assert error < 0.2
    assert inversion_gap(SCHEDULES[schedule], 400) < 0.6 * error


def test_seeded_noise_reproduces_the_data_too():
    schedule = SCHEDULES["vp"]
    times = uniform_log_snr(schedule, 30)
    noise = SeededNoise(seed=3)
    like = torch.zeros(2000, 1, dtype=F64)
    x = SeededNoise(seed=3, stream="start")(0, like)
    out = integrate(
        MixtureDenoiser(BIMODAL, schedule), SOLVERS["sde-dpm++2m"](noise, 30), x, times, noise
    )
    assert abs((out > -0.25).double().mean().item() - 0.7) < 4 * (0.21 / 2000) ** 0.5
