"""The ratio of errors against the ratio of posterior variances of Gaussians."""

import pytest
import torch

from yuragi.core import EDMSchedule, GaussianMixture, MixtureDenoiser
from yuragi.research.metrics.mmse import Batch, mmse_ratio


def test_gaussians():
    """Data of the strong side: E|x0 - D_c|^2 = v s^2 / (v + s^2); the weak one is off by more."""
    one, schedule = torch.ones(1, dtype=torch.float64), EDMSchedule()
    make = lambda v: GaussianMixture.diagonal(one, 0 * one[None], v * one[None])  # noqa: E731
    strong, weak = MixtureDenoiser(make(0.25), schedule), MixtureDenoiser(make(1.0), schedule)
    generator = torch.Generator().manual_seed(0)
    x0 = 0.5 * torch.randn(60000, 1, generator=generator, dtype=torch.float64)
    levels = (0.1, 0.5, 2.0)
    calls = []
    batches = [Batch(part, strong, weak) for part in torch.split(x0, 30000)]
    table = mmse_ratio(schedule, levels, batches, on_batch=lambda: calls.append(1))
    assert len(calls) == 2
    for (level, rho), s in zip(table, levels, strict=True):
        shrink = 1 / (1 + s**2)
        error = (1 - shrink) ** 2 * 0.25 + shrink**2 * s**2
        assert level == s
        assert rho == pytest.approx(error / (0.25 * s**2 / (0.25 + s**2)), rel=0.02)


def test_the_same_whatever_the_batches():
    one, schedule = torch.ones(1, dtype=torch.float64), EDMSchedule()
    law = GaussianMixture.diagonal(one, one[None], one[None])
    other = GaussianMixture.diagonal(one, 0 * one[None], 3 * one[None])
    pair = MixtureDenoiser(law, schedule), MixtureDenoiser(other, schedule)
    x0 = torch.linspace(-1, 2, 12, dtype=torch.float64)[:, None]
    whole = mmse_ratio(schedule, (0.3, 1.0), [Batch(x0, *pair)])
    parts = mmse_ratio(schedule, (0.3, 1.0), [Batch(p, *pair) for p in torch.split(x0, 5)])
    assert parts == [pytest.approx(row) for row in whole]
