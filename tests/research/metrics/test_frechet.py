"""The Frechet distance against its closed form, and its intervals."""

import pytest
import torch

from yuragi.errors import InputError
from yuragi.research.metrics.frechet import bootstrap_interval, frechet_distance, resampled_frechet


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


def interval(generated, real):
    return bootstrap_interval(frechet_distance(generated, real), resampled_frechet(generated, real))


def test_the_interval_holds_the_value_and_shrinks():
    real = normal(100, 4, 9)
    few = interval(normal(15, 4, 1, shift=1.0), real)
    many = interval(normal(120, 4, 1, shift=1.0), real)
    for found in (few, many):
        assert found.low < found.value < found.high
    assert many.high - many.low < 0.6 * (few.high - few.low)
    assert interval(real[:10], real) == interval(real[:10], real)


def test_paired_resamples_tell_small_differences():
    """The same pictures a little farther off: the difference is certain, the distances are not."""
    real, near = normal(120, 4, 9), normal(40, 4, 1, shift=1.0)
    far = near + 0.05
    apart = [resampled_frechet(x, real) for x in (far, near)]
    values = [frechet_distance(x, real) for x in (far, near)]
    paired = bootstrap_interval(values[0] - values[1], apart[0] - apart[1])
    assert 0 < paired.low < paired.value < paired.high
    alone = [bootstrap_interval(*each) for each in zip(values, apart, strict=True)]
    assert alone[1].high > alone[0].low


@pytest.mark.parametrize(("a", "b"), [((1, 3), (5, 3)), ((5, 3), (5, 4)), ((5,), (5, 3))])
def test_shapes_that_do_not_fit(a, b):
    with pytest.raises(InputError, match="features"):
        frechet_distance(torch.zeros(a), torch.zeros(b))
