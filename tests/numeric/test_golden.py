"""The closed forms of the contraction theory, reproduced by our steps (spec, section 1.4)."""

import itertools
import math

import pytest
import torch

from numeric.moments import F64
from yuragi.core import GaussianMixture, MixtureDenoiser, VPSchedule
from yuragi.solver import DDIM

VP = VPSchedule()


def gaussian_kl(mean, variance, ref_mean, ref_variance):
    ratio = variance / ref_variance
    return 0.5 * (ratio - 1 - ratio.log() + (mean - ref_mean) ** 2 / ref_variance)


def gaussian_contraction(eta, steps):
    """KL at t = 0.6 and at s = 0.02 between an edited law and the data's, both sampled alike."""
    data = GaussianMixture.diagonal(
        torch.ones(1, dtype=F64), torch.full((1, 1), 2.0, dtype=F64), torch.full((1, 1), 0.25)
    )
    denoiser, solver = MixtureDenoiser(data, VP), DDIM(eta)
    ends = torch.tensor([0.6, 0.02], dtype=F64)
    alpha, sigma = VP(ends)
    low, high = (alpha / sigma).log()
    times = VP.time(torch.linspace(low, high, steps + 1, dtype=F64))
    # The last column is the edited law, the first the data's own marginal.
    mean = torch.stack([2 * alpha[0], torch.tensor(-0.3, dtype=F64)])
    variance = torch.stack([0.25 * alpha[0] ** 2 + sigma[0] ** 2, torch.tensor(0.6, dtype=F64)])
    before = gaussian_kl(mean[1], variance[1], mean[0], variance[0])
    probe = torch.tensor([[0.0], [1.0]], dtype=F64)
    for t, s in itertools.pairwise(times):
        (out, std), _ = solver.step(denoiser, probe, t, s, None)
        slope = out[1, 0] - out[0, 0]
        mean, variance = slope * mean + out[0, 0], slope**2 * variance + std**2
    return before.item(), gaussian_kl(mean[1], variance[1], mean[0], variance[0]).item()


@pytest.mark.parametrize(
    ("eta", "golden", "steps"),
    [(0.0, 0.2499201, 50), (0.5, 0.0604300, 200), (1.0, 0.00135924, 200), (1.5, 2.67103e-6, 800)],
)
def test_gaussian_contraction_matches_the_closed_form(eta, golden, steps):
    # DDIM is of order 1: two runs extrapolate log KL to infinitely many steps.
    before, coarse = gaussian_contraction(eta, steps)
    _, fine = gaussian_contraction(eta, 2 * steps)
    assert before == pytest.approx(0.2499201, rel=1e-6)
    assert fine == pytest.approx(golden, rel=0.06)
    assert fine**2 / coarse == pytest.approx(golden, rel=1e-3)


def push(laws, points, mean, std):
    """Push densities [2, n] on a uniform grid through the kernel N(mean(point), std^2)."""
    dx = (points[1] - points[0]).item()
    std = max(std, 0.35 * dx)
    reach = math.ceil(7 * std / dx)
    centre = ((mean - points[0]) / dx).round().long()
    columns = centre[:, None] + torch.arange(-reach, reach + 1)
    kernel = torch.exp(-0.5 * ((points[0] + columns * dx - mean[:, None]) / std) ** 2)
    inside = (columns >= 0) & (columns < len(points))
    kernel = kernel * inside
    kernel = kernel / kernel.sum(1, keepdim=True).clamp(min=1e-300)
    flat = columns.clamp(0, len(points) - 1).flatten()
    return torch.stack(
        [
            torch.zeros_like(law).index_add(0, flat, (kernel * law[:, None]).flatten())
            for law in laws
        ]
    )


def grid_kl(p, q, dx):
    return torch.where(p > 1e-300, p * (p / q.clamp(min=1e-300)).log(), 0.0).sum().item() * dx


def mixture_contraction(eta):
    """KL of an edited law to the data's at the start and after 40, 80, ... 200 of 200 steps."""
    data = GaussianMixture.diagonal(
        torch.tensor([0.5, 0.5], dtype=F64),
        torch.tensor([[-2.0], [2.0]], dtype=F64),
        torch.full((2, 1), 0.09, dtype=F64),
    )
    denoiser, solver = MixtureDenoiser(data, VP), DDIM(eta)
    points = torch.linspace(-7, 7, 1601, dtype=F64)
    dx = (points[1] - points[0]).item()
    times = torch.linspace(1, 1e-3, 201, dtype=F64)
    reference = data.log_prob(points[:, None], *VP(times[0])).exp()
    edited = torch.exp(-0.5 * ((points - 1) / 0.5) ** 2)
    laws = torch.stack([law / (law.sum() * dx) for law in (reference, edited)])
    kls = [grid_kl(laws[1], laws[0], dx)]
    for i, (t, s) in enumerate(itertools.pairwise(times), start=1):
        (mean, std), _ = solver.step(denoiser, points[:, None], t, s, None)
        laws = push(laws, points, mean[:, 0], std.item())
        if i % 40 == 0:
            kls.append(grid_kl(laws[1], laws[0], dx))
    return kls


@pytest.mark.parametrize(
    ("eta", "golden"),
    [
        (0.3, [0.8181, 0.4904, 0.3561, 0.2996, 0.2809, 0.2693]),
        (0.6, [0.8181, 0.1556, 0.0562, 0.0314, 0.0247, 0.0219]),
        (1.0, [0.8181, 0.01385, 8.98e-4, 1.80e-4, 1.02e-4, 9.05e-5]),
    ],
)
def test_mixture_contraction_matches_the_grid_table(eta, golden):
    assert mixture_contraction(eta) == pytest.approx(golden, rel=0.02)
