"""The Frechet distance against its closed form."""

import pytest
import torch

from yuragi.errors import InputError
from yuragi.research.metrics.frechet import frechet_distance


def normal(n, d, seed, scale=1.0, shift=0.0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, generator=generator, dtype=torch.float64) * scale + shift


def with_moments(rows, mean, covariance):
    """The same rows, moved so that their mean and covariance are exactly these."""
    centred = rows - rows.mean(0)
    whiten = torch.linalg.inv(torch.linalg.cholesky(torch.cov(centred.T)))
    return centred @ whiten.T @ torch.linalg.cholesky(covariance).T + mean


def test_closed_form_for_commuting_covariances():
    """The distance is |m_a - m_b|^2 + sum (sqrt l_a - sqrt l_b)^2."""
    a = with_moments(
        normal(50, 3, 0),
        torch.zeros(3).double(),
        torch.diag(torch.tensor([1.0, 4.0, 9.0])).double(),
    )
    b = with_moments(
        normal(70, 3, 1), torch.ones(3).double(), torch.diag(torch.tensor([4.0, 4.0, 1.0])).double()
    )
    assert frechet_distance(a, b) == pytest.approx(3 + 1 + 0 + 4, rel=1e-9)


def test_with_more_features_than_pictures():
    """The same as through the matrix square root of the covariances."""
    a, b = normal(20, 40, 0), normal(30, 40, 1, scale=1.5, shift=0.3)
    ca, cb = torch.cov(a.T), torch.cov(b.T)
    roots = torch.linalg.eigvals(ca @ cb).real.clamp(min=0).sqrt()
    want = (a.mean(0) - b.mean(0)).square().sum() + ca.trace() + cb.trace() - 2 * roots.sum()
    assert frechet_distance(a, b) == pytest.approx(want.item(), rel=1e-6)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("a", "b"), [((1, 3), (5, 3)), ((5, 3), (5, 4)), ((5,), (5, 3))])
def test_shapes_that_do_not_fit(a, b):
    with pytest.raises(InputError, match="features"):
        frechet_distance(torch.zeros(a), torch.zeros(b))
