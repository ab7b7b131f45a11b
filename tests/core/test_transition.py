"""Transitions and the forward chain."""

import itertools

import pytest
import torch

from numeric.moments import F64, SCHEDULES, marginal
from yuragi.core import Transition, noising
from yuragi.errors import InputError


def test_draw_and_residual_are_inverse():
    mean, z = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0), dtype=F64)
    transition = Transition(mean, torch.tensor(0.3, dtype=F64))
    assert torch.allclose(transition.residual(transition.draw(z)), z)


def test_a_deterministic_transition():
    transition = Transition(torch.ones(2, 2), torch.tensor(0.0))
    assert transition.draw(None) is transition.mean
    with pytest.raises(InputError, match="std"):
        transition.residual(torch.ones(2, 2))


def test_a_stochastic_transition_needs_noise():
    with pytest.raises(InputError, match="noise"):
        Transition(torch.ones(2, 2), torch.tensor(0.1)).draw(None)


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_the_forward_chain_has_the_marginals(schedule):
    times = torch.linspace(schedule.clean, schedule.noisiest, 12, dtype=F64)
    (mean, variance) = marginal(schedule, times[0])
    for s, t in itertools.pairwise(times):
        out, std = noising(schedule, torch.tensor([[0.0], [1.0]], dtype=F64), s, t)
        slope = out[1, 0] - out[0, 0]
        mean, variance = slope * mean + out[0, 0], slope**2 * variance + std**2
        want_mean, want_variance = marginal(schedule, t)
        assert torch.allclose(mean, want_mean, atol=1e-12)
        assert torch.allclose(variance, want_variance, atol=1e-12)


def test_noise_cannot_be_taken_away():
    schedule = SCHEDULES["vp"]
    with pytest.raises(InputError, match="t[: ]"):
        noising(schedule, torch.ones(1, 1), torch.tensor(0.5), torch.tensor(0.4))
