"""The oracle against independent computations: autograd, quadrature, torch.distributions."""

import pytest
import torch

from numeric.moments import F64, SCHEDULES
from yuragi.core import GaussianMixture, MixtureDenoiser
from yuragi.errors import InputError

GENERATOR = torch.Generator().manual_seed(0)
ROOTS = torch.randn(3, 4, 4, generator=GENERATOR, dtype=F64)
MIXTURE = GaussianMixture(
    torch.tensor([0.2, 0.5, 0.3], dtype=F64),
    2 * torch.randn(3, 4, generator=GENERATOR, dtype=F64),
    ROOTS @ ROOTS.mT + 0.1 * torch.eye(4, dtype=F64),
)
LEVELS = [(1.0, 0.0), (0.8, 0.6), (1.0, 5.0), (0.0, 1.0), (0.3, 0.7)]


def pair(level):
    return [torch.tensor(value, dtype=F64) for value in level]


@pytest.mark.parametrize("level", LEVELS)
def test_density_score_and_responsibilities(level):
    alpha, sigma = pair(level)
    x = torch.randn(6, 4, generator=GENERATOR, dtype=F64, requires_grad=True)
    normals = torch.distributions.MultivariateNormal(
        alpha * MIXTURE.means, alpha**2 * MIXTURE.covariances + sigma**2 * torch.eye(4, dtype=F64)
    )
    joint = normals.log_prob(x[:, None]) + MIXTURE.weights.log()
    log_prob = MIXTURE.log_prob(x, alpha, sigma)
    assert torch.allclose(log_prob, joint.logsumexp(-1))
    assert torch.allclose(MIXTURE.responsibilities(x, alpha, sigma), joint.softmax(-1))
    (gradient,) = torch.autograd.grad(log_prob.sum(), x)
    assert torch.allclose(MIXTURE.score(x, alpha, sigma), gradient)


@pytest.mark.parametrize("level", LEVELS)
def test_x0_is_the_posterior_mean(level):
    # Tweedie: E[x_0 | x] = (x + sigma^2 score) / alpha; at alpha = 0 it is the data's mean.
    alpha, sigma = pair(level)
    x = torch.randn(6, 4, generator=GENERATOR, dtype=F64)
    x0 = MIXTURE.x0(x, alpha, sigma)
    if alpha == 0:
        assert torch.allclose(x0, (MIXTURE.weights @ MIXTURE.means).expand(6, 4))
    else:
        assert torch.allclose(x0, (x + sigma**2 * MIXTURE.score(x, alpha, sigma)) / alpha)


def test_x0_by_quadrature():
    mixture = GaussianMixture.diagonal(
        torch.tensor([0.4, 0.6], dtype=F64),
        torch.tensor([[-1.0], [1.5]], dtype=F64),
        torch.tensor([[0.3], [0.1]], dtype=F64),
    )
    alpha, sigma = pair((0.7, 0.5))
    x0 = torch.linspace(-8, 8, 20001, dtype=F64)
    x = torch.tensor([[-1.2], [0.1], [2.0]], dtype=F64)
    clean = mixture.log_prob(x0[:, None], *pair((1.0, 0.0)))
    weights = (clean - 0.5 * ((x - alpha * x0) / sigma) ** 2).softmax(-1)
    assert torch.allclose(mixture.x0(x, alpha, sigma), (weights @ x0)[:, None], atol=1e-9)


def test_samples_have_the_moments():
    alpha, sigma = pair((0.8, 0.6))
    draws = MIXTURE.sample(40000, alpha, sigma, torch.Generator().manual_seed(2))
    mean = MIXTURE.weights @ MIXTURE.means
    centred = MIXTURE.means - mean
    spread = torch.einsum("k,ki,kj->ij", MIXTURE.weights, centred, centred)
    covariance = spread + torch.einsum("k,kij->ij", MIXTURE.weights, MIXTURE.covariances)
    covariance = alpha**2 * covariance + sigma**2 * torch.eye(4, dtype=F64)
    error = (draws.mean(0) - alpha * mean) / (covariance.diagonal() / 40000).sqrt()
    assert error.abs().max() < 4
    assert torch.allclose(draws.T.cov(), covariance, atol=0.03 * covariance.diagonal().max())


def test_the_denoiser_keeps_shape_and_dtype():
    denoiser = MixtureDenoiser(MIXTURE, SCHEDULES["vp"])
    x = torch.randn(5, 1, 2, 2)
    t = torch.tensor(0.4, dtype=F64)
    out = denoiser(x, t)
    assert (out.shape, out.dtype) == (x.shape, torch.float32)
    want = MIXTURE.x0(x.flatten(1).double(), *SCHEDULES["vp"](t))
    assert torch.allclose(out.flatten(1).double(), want, atol=1e-6)


@pytest.mark.parametrize(
    ("weights", "means"), [([0.5, 0.6], (2, 3)), ([1.5, -0.5], (2, 3)), ([1.0], (2, 3))]
)
def test_bad_input(weights, means):
    with pytest.raises(InputError, match="weights"):
        GaussianMixture.diagonal(torch.tensor(weights), torch.zeros(means), torch.ones(means))
