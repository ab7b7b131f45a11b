"""Fields in high dimension against dense Gaussians, closed forms and dense sums."""

import pytest
import torch

from yuragi.core import EDMSchedule, GaussianMixture
from yuragi.errors import InputError
from yuragi.guidance import Guided, Ratio, RowSum, constant
from yuragi.research.metrics.classes import ClassTarget, class_mixture
from yuragi.research.metrics.fields import SpectralGaussian, class_field, field_spectrum, tilt
from yuragi.research.metrics.law import ExactDenoiser
from yuragi.research.metrics.path_kl import compare, levels_by_sampling, log_spaced

F64 = torch.float64
EDM = EDMSchedule(1e-3, 100.0)


def pair(*level):
    return [torch.tensor(value, dtype=F64) for value in level]


def dense(field):
    """The same law as a mixture of one Gaussian in n^2 dimensions."""
    n = len(field.mean)
    impulses = torch.eye(n * n, dtype=F64).reshape(-1, n, n)
    covariance = torch.fft.ifft2(torch.fft.fft2(impulses) * field.spectrum).real.flatten(1)
    return GaussianMixture(
        torch.ones(1, dtype=F64),
        field.mean.reshape(1, -1),
        ((covariance + covariance.mT) / 2)[None],
    )


def test_a_field_is_a_gaussian():
    field, _ = class_field(6)
    x = torch.randn(4, 1, 6, 6, generator=torch.Generator().manual_seed(0), dtype=F64)
    for level in ((1.0, 0.3), (0.6, 0.8)):
        assert torch.allclose(field.x0(x, *pair(*level)), dense(field).x0(x, *pair(*level)))
    draws = field.sample(20000, *pair(0.8, 0.6), torch.Generator().manual_seed(1)).flatten(1)
    want = 0.64 * dense(field).covariances[0] + 0.36 * torch.eye(36, dtype=F64)
    assert (draws.T.cov() - want).abs().max() < 0.05 * want.max()
    assert (draws.mean(0) - 0.8 * field.mean.flatten()).abs().max() < 0.05


def test_the_class_explains_what_it_should():
    conditional, guide = class_field()
    assert field_spectrum(32).mean().item() == pytest.approx(0.25)
    power = torch.fft.fft2(conditional.mean, norm="ortho").abs() ** 2
    assert torch.allclose(conditional.spectrum + power, guide.spectrum)
    share = power / guide.spectrum
    assert share.max() <= 0.3 + 1e-9
    assert share[0, 0] == pytest.approx(0.3)
    assert share[16, 16] < 1e-4


def test_the_tilt_is_the_product_of_powers():
    conditional, guide = class_field(4)
    pi, c, u = (dense(field) for field in (tilt(conditional, guide, 3.0), conditional, guide))
    x = torch.randn(5, 16, generator=torch.Generator().manual_seed(2), dtype=F64)
    level = pair(1.0, 0.0)
    rest = pi.log_prob(x, *level) - 4 * c.log_prob(x, *level) + 3 * u.log_prob(x, *level)
    assert torch.allclose(rest, rest[:1].expand(5))
    with pytest.raises(InputError, match="weight"):
        tilt(guide, SpectralGaussian(guide.mean, guide.spectrum / 2), 3.0)


def test_path_kl_of_the_field_in_closed_form():
    # Denoisers are affine, frequency by frequency: E|D - D*|^2 needs means and variances only.
    conditional, guide = class_field()
    noise, weight = log_spaced(0.02, 60.0, 24), 1.0
    pi = tilt(conditional, guide, weight)
    mean, mean_pi = (torch.fft.fft2(field.mean, norm="ortho") for field in (conditional, pi))
    want = {"none": [], "cfg": [], "reg": []}
    for sigma in noise:
        gain, gain_u, gain_pi = (
            field.spectrum / (field.spectrum + sigma**2) for field in (conditional, guide, pi)
        )

        def square(slope, offset, sigma=sigma, gain_pi=gain_pi):
            slope, offset = slope - gain_pi, offset - (1 - gain_pi) * mean_pi
            centre = (slope * mean_pi + offset).abs() ** 2
            return float((centre + slope**2 * (pi.spectrum + sigma**2)).sum())

        for rule, factor in (("none", 0.0), ("cfg", 1.0), ("reg", float(gain[0, 0]))):
            push = factor * weight
            slope = gain + push * (gain - gain_u)
            want[rule].append(square(slope, (1 + push) * (1 - gain) * mean))
    levels = levels_by_sampling(pi, EDM, noise, 16, torch.Generator().manual_seed(3))
    strong, weak = ExactDenoiser(conditional, EDM), ExactDenoiser(guide, EDM)
    found = {
        "none": compare(strong, levels),
        "cfg": compare(Guided(strong, weak, constant(2.0)), levels),
        "reg": compare(Guided(strong, weak, constant(2.0), RowSum()), levels),
    }
    ratio = compare(Guided(strong, weak, constant(2.0), Ratio(0.0)), levels).path_kl
    for rule, errors in found.items():
        exact = errors.__class__(noise, torch.tensor(want[rule], dtype=F64), 0 * noise).path_kl
        assert abs(errors.path_kl - exact) < 4 * errors.path_kl_stderr + 1e-9 * exact
    # The specification's field: 11.0, .505, .287 and .038.
    assert found["none"].path_kl == pytest.approx(11.0, rel=0.1)
    assert found["cfg"].path_kl == pytest.approx(0.505, rel=0.1)
    assert found["reg"].path_kl == pytest.approx(0.287, rel=0.2)
    assert ratio == pytest.approx(0.038, rel=0.2)


def test_the_class_target_by_importance_weights():
    # D* = E[x0 R] / E[R] over draws of the conditional posterior, a Gaussian.
    guide = class_mixture(0.6, size=4, classes=4)
    target = ClassTarget(guide, 2.0)
    alpha, sigma = pair(0.8, 0.6)
    x = target.sample(3, alpha, sigma, torch.Generator().manual_seed(4))
    covariance, mean = guide.covariances[0], guide.means[0]
    spread = torch.linalg.inv(torch.linalg.inv(covariance) + (alpha / sigma) ** 2 * torch.eye(16))
    root = torch.linalg.cholesky((spread + spread.mT) / 2)
    pull = torch.linalg.solve(covariance, mean) + alpha / sigma**2 * x
    white = torch.randn(200000, 16, generator=torch.Generator().manual_seed(5), dtype=F64)
    for i, ideal in enumerate(target.x0(x, alpha, sigma)):
        x0 = spread @ pull[i] + white @ root.mT
        weights = guide.responsibilities(x0, *pair(1.0, 0.0))[:, 0] ** 2
        estimate = weights @ x0 / weights.sum()
        error = (weights**2 @ (x0 - estimate) ** 2).sqrt() / weights.sum()
        assert ((ideal - estimate).abs() < 5 * error + 1e-3).all()


def test_class_draws_follow_the_target():
    # E_pi of the class posterior equals E_c[r^{1+w}] / E_c[r^w].
    guide = class_mixture(0.3)
    target = ClassTarget(guide, 3.0)
    level = pair(1.0, 0.0)
    draws = ClassTarget(guide, 0.0).sample(20000, *level, torch.Generator().manual_seed(6))
    share = target.log_class_probability(draws).exp()
    few = guide.responsibilities(draws[:100], *level)[:, 0]
    assert torch.allclose(share[:100], few)
    want = float((share**4).mean() / (share**3).mean())
    kept = target.sample(10000, *level, torch.Generator().manual_seed(7))
    assert float(target.log_class_probability(kept).exp().mean()) == pytest.approx(want, rel=0.02)


def test_more_points_change_little():
    guide = class_mixture(0.6)
    noise = log_spaced(0.05, 10.0, 8)
    values = []
    for points in (4096, 8192):
        target = ClassTarget(guide, 1.0, points)
        levels = levels_by_sampling(target, EDM, noise, 16, torch.Generator().manual_seed(8))
        values.append(compare(ExactDenoiser(target.conditional, EDM), levels).path_kl)
    assert values[0] == pytest.approx(values[1], rel=0.01)
