"""What the theory says of every solver: noise never raises KL, and without noise it stays.

On Gaussian data a sampler is affine, so the laws of an edited state and of the data, both sent
through it, are known exactly at every level. The discrete statement needs no small steps and no
exact score: two laws through one kernel only come closer (the data-processing inequality). A
multistep solver's kernel acts on the state together with what the solver remembers.
"""

from itertools import pairwise

import pytest
import torch

from numeric.gaussian_kl import gaussian_kl
from numeric.moments import F64, GAUSSIAN, SCHEDULES, SOLVERS, Probe, log_snr_grid, marginal
from yuragi.core import MixtureDenoiser
from yuragi.sample import integrate

STOCHASTIC = [name for name, make in SOLVERS.items() if make(None, 8).stochastic]
DETERMINISTIC = [name for name in SOLVERS if name not in STOCHASTIC]
REMEMBERS = ("sde-dpm++2m",)


class Recorder:
    """A denoiser that keeps its answers."""

    def __init__(self, schedule):
        self.inner, self.schedule, self.answers = MixtureDenoiser(GAUSSIAN, schedule), schedule, []

    def __call__(self, x, t):
        self.answers.append(self.inner(x, t))
        return self.answers[-1]


def coefficients(name, schedule, times):
    """Per level after the start: rows (nothing, unit start, unit noises) of the sampler's state."""
    steps, dims = len(times) - 1, GAUSSIAN.means.shape[1]
    x = torch.zeros(steps + 2, dims, dtype=F64)
    x[1] = 1
    probe, denoiser, states = Probe(), Recorder(schedule), []

    def keep(step, x):
        remembered = [denoiser.answers[-1]] if name in REMEMBERS else []
        states.append(torch.stack([x, *remembered], -1))
        return x

    integrate(denoiser, SOLVERS[name](probe, steps), x, times, noise=probe, manipulate=keep)
    return states


def law(state, dim, mean, variance):
    """Mean and covariance of the state in one dimension, from a start N(mean, variance)."""
    offset, rest = state[0, dim], state[1:, dim] - state[0, dim]
    spread = (
        rest * torch.cat([variance.sqrt()[None], torch.ones(len(rest) - 1, dtype=F64)])[:, None]
    )
    return offset + rest[0] * mean, spread.T @ spread


def kls(name, schedule, times, shift=0.9, widen=1.8):
    """KL of an edited law to the data's at every level after the first step; [dims][levels]."""
    mean, variance = marginal(schedule, times[0])
    states = coefficients(name, schedule, times)
    rows = []
    for dim in range(len(mean)):
        m, v = mean[dim], variance[dim]
        own = [law(state, dim, m, v) for state in states]
        edited = [law(state, dim, m + shift * v.sqrt(), widen * v) for state in states]
        rows.append([gaussian_kl(*e, *o) for e, o in zip(edited, own, strict=True)])
    return rows


@pytest.mark.parametrize("steps", [6, 40])
@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", STOCHASTIC)
def test_noise_never_raises_kl(name, schedule, steps):
    schedule = SCHEDULES[schedule]
    for row in kls(name, schedule, log_snr_grid(schedule, steps)):
        assert all(after <= before * (1 + 1e-6) + 1e-9 for before, after in pairwise(row))
        assert row[-1] < 0.9 * row[0]


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("name", DETERMINISTIC)
def test_without_noise_kl_to_the_data_stays(name, schedule):
    """Against the data's true marginal, so that what changes is the integration error."""
    schedule = SCHEDULES[schedule]

    def drift(steps):
        times = log_snr_grid(schedule, steps)
        states = coefficients(name, schedule, times)
        worst = 0.0
        for dim in range(GAUSSIAN.means.shape[1]):
            values = []
            for t, state in zip(times, [None, *states], strict=True):
                m, v = (value[dim] for value in marginal(schedule, t))
                if state is None:
                    first_mean, first_variance = m + 0.9 * v.sqrt(), 1.8 * v
                    own = first_mean[None], first_variance[None, None]
                else:
                    own = law(state, dim, first_mean, first_variance)
                values.append(gaussian_kl(*own, m[None], v[None, None]))
            worst = max(worst, max(abs(value - values[0]) for value in values))
        return worst

    order = SOLVERS[name](None, 8).order
    coarse, fine = drift(50), drift(100)
    assert coarse < {1: 0.2, 2: 0.02}[order]
    assert fine < {1: 0.6, 2: 0.35}[order] * coarse
