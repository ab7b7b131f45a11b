"""KL, Fisher information and forgetting against closed forms and finite differences."""

import math

import pytest
import torch

from numeric.gaussian_kl import gaussian_kl
from yuragi.core import TableSchedule, VPSchedule, scaled_linear_betas
from yuragi.errors import InputError
from yuragi.research.metrics.mixture_kl import Line, Mismatch, correlation

F64 = torch.float64
VP = VPSchedule()


def at(t):
    return torch.tensor(t, dtype=F64)


def test_forgetting_on_stable_diffusions_table():
    """Published: the correlation between t = 604 (and 400, 800) of 1000 and the clean end."""
    schedule = TableSchedule.from_betas(scaled_linear_betas())
    golden = {604: [0.396, 0.211, 0.096, 0.043], 400: [0.652, 0.395, 0.189, 0.086]}
    golden[800] = [0.192, 0.097, 0.044, 0.020]
    for t, row in golden.items():
        found = [
            correlation(schedule, v, at(-1.0), at(float(t))).item() for v in (1, 0.25, 0.05, 0.01)
        ]
        assert found == pytest.approx(row, abs=2e-3)


def test_correlation_is_that_of_the_forward_chain():
    schedule, s, t = VP, at(0.2), at(0.7)
    (a_s, b_s), (a_t, b_t) = schedule(s), schedule(t)
    ratio = a_t / a_s
    covariance = ratio * (a_s**2 * 0.3 + b_s**2)
    want = covariance / ((a_s**2 * 0.3 + b_s**2) * (a_t**2 * 0.3 + b_t**2)).sqrt()
    assert correlation(schedule, 0.3, s, t) == pytest.approx(want.item(), rel=1e-12)
    with pytest.raises(InputError, match="^variance"):
        correlation(schedule, 0.0, s, t)


@pytest.mark.parametrize("mismatch", [Mismatch(0.7, 2.0), Mismatch(-1.5, 0.4), Mismatch(0.0, 1.0)])
def test_kl_of_gaussians(mismatch):
    mean, variance = 0.3, 1.7
    other = torch.tensor([mean + mismatch.delta * variance**0.5], dtype=F64)
    want = gaussian_kl(
        other, torch.tensor([[mismatch.ratio * variance]], dtype=F64),
        torch.tensor([mean], dtype=F64), torch.tensor([[variance]], dtype=F64),
    )  # fmt: skip
    assert mismatch.kl == pytest.approx(want, abs=1e-12)


@pytest.mark.parametrize("eta", [0.3, 1.0, 1.5])
def test_the_loss_of_kl_is_the_fisher_information(eta):
    """By finite differences of the closed form: d KL / d log-SNR = - eta^2 sigma^2 F."""
    t, variance, start = 0.5, 0.25, Mismatch(0.8, 2.5)
    alpha, sigma = VP(at(t))
    after = VP.time((alpha / sigma).log() + 1e-5)
    step = start.carried(correlation(VP, variance, after, at(t)).item(), eta)
    fisher = start.fisher((alpha**2 * variance + sigma**2).item())
    assert (start.kl - step.kl) / 1e-5 == pytest.approx(
        (eta**2 * sigma**2).item() * fisher, rel=1e-3
    )


def test_without_noise_nothing_is_lost():
    start = Mismatch(0.8, 2.5)
    assert start.carried(0.1, 0.0) == start


def test_grids_agree_with_closed_forms():
    line = Line(torch.linspace(-8, 8, 2001, dtype=F64))
    p, q = (
        line.density(torch.exp(-0.5 * ((line.points - m) / s) ** 2))
        for m, s in ((0.5, 0.8), (0.0, 1.0))
    )
    mismatch = Mismatch(0.5, 0.64)
    assert line.kl(p, q) == pytest.approx(mismatch.kl, rel=1e-6)
    assert line.fisher(p, q) == pytest.approx(mismatch.fisher(1.0), rel=1e-3)
    # A kernel that halves and adds noise: N(0.5, 0.64) becomes N(0.25, 0.16 + 0.09).
    (pushed,) = line.push(p[None], line.points / 2, 0.3)
    want = torch.exp(-0.5 * ((line.points - 0.25) / 0.5) ** 2) / (0.5 * math.sqrt(2 * math.pi))
    assert (line.density(pushed) - want).abs().max() < 2e-2
