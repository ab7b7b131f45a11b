"""The exact target against closed forms, dense sums and identities of the theory."""

import math

import pytest
import torch

from numeric.renyi import renyi_gap
from yuragi.core import EDMSchedule, GaussianMixture, MixtureDenoiser
from yuragi.errors import InputError
from yuragi.guidance import Guided, RowSum, constant
from yuragi.research.lab.problems import line, mixed, named, plane
from yuragi.research.metrics.energy import energy_distance
from yuragi.research.metrics.joint import JointTarget
from yuragi.research.metrics.law import ExactDenoiser

F64 = torch.float64
LEVELS = [(1.0, 0.005), (1.0, 0.05), (0.5, 0.05), (0.9, 0.3), (0.6, 0.8), (1.0, 5.0), (0.1, 1.0)]


def pair(level):
    return [torch.tensor(value, dtype=F64) for value in level]


def target_of(name, weight):
    return JointTarget(named[name].conditional, named[name].guide, weight)


@pytest.mark.parametrize("name", [name for name in named if name.startswith("1D")])
@pytest.mark.parametrize("weight", [0.5, 1.0, 3.0])
def test_the_gap_is_a_renyi_divergence(name, weight):
    # log E_t - log R_t = w D_{1+w}(p_c(x0|x_t) || p_u(x0|x_t)) >= 0, at states of the target and
    # far away from it.
    target = target_of(name, weight)
    far = torch.linspace(-1.5, 2.5, 50, dtype=F64)[:, None]
    for level in LEVELS:
        alpha, sigma = pair(level)
        x = torch.cat([target.sample(50, alpha, sigma, torch.Generator().manual_seed(0)), far])
        log_expected = target.log_expected_reward(x, alpha, sigma)
        gap = log_expected - target.log_marginal_reward(x, alpha, sigma)
        assert gap.min() > -1e-10
        assert (gap - renyi_gap(target, x, alpha, sigma)).abs().max() < 1e-10


@pytest.mark.parametrize("name", ["2D-marginal", "2D-autoG"])
def test_the_gap_in_the_plane(name):
    target = target_of(name, 1.0)
    for level in LEVELS:
        alpha, sigma = pair(level)
        x = target.sample(4, alpha, sigma, torch.Generator().manual_seed(0))
        log_expected = target.log_expected_reward(x, alpha, sigma)
        gap = log_expected - target.log_marginal_reward(x, alpha, sigma)
        assert (gap - renyi_gap(target, x, alpha, sigma)).abs().max() < 1e-10


@pytest.mark.parametrize("weight", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("level", LEVELS)
def test_the_gap_of_gaussians_in_closed_form(weight, level):
    # D_q(N(m, a) || N(n, b)) = q (m - n)^2 / (2 v) + log(v / (a^(1-q) b^q)) / (2 (1 - q)),
    # v = (1 - q) a + q b; van Erven & Harremoes 2014, equation 10.
    alpha, sigma = pair(level)
    target = JointTarget(line([0.5], 0.3), line([-0.2], 0.6), weight)
    x = torch.linspace(-2, 2, 9, dtype=F64)[:, None]

    def posterior(mean, std):
        precision = 1 / std**2 + (alpha / sigma) ** 2
        return (mean / std**2 + alpha * x[:, 0] / sigma**2) / precision, 1 / precision

    (m, a), (n, b) = posterior(0.5, 0.3), posterior(-0.2, 0.6)
    q = 1 + weight
    v = (1 - q) * a + q * b
    log_ratio = v.log() - (1 - q) * a.log() - q * b.log()
    want = weight * (q * (m - n) ** 2 / (2 * v) + log_ratio / (2 * (1 - q)))
    log_expected = target.log_expected_reward(x, alpha, sigma)
    gap = log_expected - target.log_marginal_reward(x, alpha, sigma)
    assert torch.allclose(gap, want, rtol=1e-9, atol=1e-10)
    assert torch.allclose(renyi_gap(target, x, alpha, sigma), want, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("level", LEVELS)
def test_the_ideal_denoiser_by_a_dense_sum(level):
    alpha, sigma = pair(level)
    one, zero = pair((1.0, 0.0))
    target = target_of("1D-marginal", 3.0)
    x = target.sample(5, alpha, sigma, torch.Generator().manual_seed(1))
    x0 = torch.linspace(-4, 5, 200001, dtype=F64)
    strong = target.conditional.log_prob(x0[:, None], one, zero)
    weak = target.guide.log_prob(x0[:, None], one, zero)
    weights = (4 * strong - 3 * weak - ((x - alpha * x0) / sigma) ** 2 / 2).softmax(-1)
    assert torch.allclose(target.x0(x, alpha, sigma), (weights @ x0)[:, None], atol=1e-9)


@pytest.mark.parametrize("name", ["1D-ckpt", "2D-autoG"])
@pytest.mark.parametrize("level", LEVELS[1:])
def test_the_ideal_denoiser_climbs_the_expected_reward(name, level):
    # D* - D_c = (sigma^2 / alpha) grad log E_t, by central differences.
    alpha, sigma = pair(level)
    target = target_of(name, 1.0)
    x = target.sample(6, alpha, sigma, torch.Generator().manual_seed(2))
    h = 1e-4 * sigma
    slopes = []
    for direction in torch.eye(x.shape[1], dtype=F64):
        ahead = target.log_expected_reward(x + h * direction, alpha, sigma)
        behind = target.log_expected_reward(x - h * direction, alpha, sigma)
        slopes.append((ahead - behind) / (2 * h))
    term = target.x0(x, alpha, sigma) - target.conditional.x0(x, alpha, sigma)
    want = sigma**2 / alpha * torch.stack(slopes, -1)
    assert torch.allclose(term, want, rtol=1e-5, atol=1e-6 * float(sigma))


@pytest.mark.parametrize("dimension", [2, 3])
def test_independent_axes_stay_apart(dimension):
    # c and u are products of a problem on the line and of Gaussians: so is pi.
    along = named["1D-paper"]
    more = torch.ones(2, dimension - 1, dtype=F64)

    def product(mixture, mean, std):
        means = torch.cat([mixture.means, mean * more], 1)
        variances = torch.cat([mixture.covariances[:, 0], std**2 * more], 1)
        return GaussianMixture.diagonal(mixture.weights, means, variances)

    conditional = product(along.conditional, 0.3, 0.2)
    target = JointTarget(conditional, product(along.guide, 0.0, 0.4), 3.0)
    first = JointTarget(along.conditional, along.guide, 3.0)
    second = JointTarget(line([0.3], 0.2), line([0.0], 0.4), 3.0)
    for level in LEVELS:
        alpha, sigma = pair(level)
        x = target.sample(20, alpha, sigma, torch.Generator().manual_seed(3))
        parts = [first.x0(x[:, :1], alpha, sigma)]
        parts += [second.x0(column[:, None], alpha, sigma) for column in x[:, 1:].T]
        assert torch.allclose(target.x0(x, alpha, sigma), torch.cat(parts, 1), atol=1e-8)
    evidence = first.log_evidence + (dimension - 1) * second.log_evidence
    assert math.isclose(target.log_evidence, evidence, abs_tol=1e-8)


@pytest.mark.parametrize("weight", [1.0, 3.0])
@pytest.mark.parametrize("level", LEVELS)
def test_a_mean_shift(weight, level):
    # Equal variances v: guidance is exact, and REG falls short by the factor a^2 v / (a^2 v + s^2).
    alpha, sigma = pair(level)
    strong, weak = named["1D-mean-shift"].conditional, named["1D-mean-shift"].guide
    x = torch.linspace(-2, 4, 13, dtype=F64)[:, None]
    ideal = JointTarget(strong, weak, weight).x0(x, alpha, sigma)
    moved = line([1 + weight], 0.5)  # pi = N(m_c + w (m_c - m_u), v)
    assert torch.allclose(ideal, moved.x0(x, alpha, sigma), atol=1e-9)
    base = strong.x0(x, alpha, sigma)
    push = weight * (base - weak.x0(x, alpha, sigma))
    assert torch.allclose(base + push, ideal, atol=1e-9)

    class At:
        def __call__(self, t):
            return alpha, sigma

    schedule = At()
    guided = Guided(
        MixtureDenoiser(strong, schedule),
        MixtureDenoiser(weak, schedule),
        constant(1 + weight),
        RowSum(),
    )
    short = alpha**2 * 0.25 / (alpha**2 * 0.25 + sigma**2)
    reg = guided(x, torch.tensor(0.0, dtype=F64))
    assert torch.allclose(reg - base, short * (ideal - base), atol=1e-9)


@pytest.mark.parametrize("level", LEVELS)
def test_a_linear_log_reward_is_a_shift_of_the_state(level):
    # R_0 ~ e^{b x0}: D*(x) = D_c(x + (sigma^2 / alpha) b), whatever c is.
    alpha, sigma = pair(level)
    b, weight = 1.3, 2.0
    strong = GaussianMixture.diagonal(
        torch.tensor([0.3, 0.7], dtype=F64),
        torch.tensor([[-0.5], [0.8]], dtype=F64),
        torch.tensor([[0.04], [0.16]], dtype=F64),
    )
    # u = c e^{-b x0 / w}, again a mixture with the same variances.
    slope, variances = b / weight, strong.covariances[:, 0]
    tilted = strong.weights * (-slope * strong.means + slope**2 * variances / 2)[:, 0].exp()
    weak = GaussianMixture(
        tilted / tilted.sum(), strong.means - slope * variances, strong.covariances
    )
    x = torch.linspace(-1.5, 2, 11, dtype=F64)[:, None]
    ideal = JointTarget(strong, weak, weight).x0(x, alpha, sigma)
    assert torch.allclose(ideal, strong.x0(x + sigma**2 / alpha * b, alpha, sigma), atol=1e-9)


@pytest.mark.parametrize("name", ["1D-marginal", "2D-autoG"])
def test_samples_follow_the_target(name):
    target = target_of(name, 1.0)
    for level in [(1.0, 0.0), (0.8, 0.6)]:
        alpha, sigma = pair(level)
        draws = target.sample(20000, alpha, sigma, torch.Generator().manual_seed(4))
        weights, nodes = target.support.log_density.flatten().softmax(0), target.support.nodes
        mean = weights @ nodes
        centred = nodes - mean
        covariance = torch.einsum("m,mi,mj->ij", weights, centred, centred)
        covariance = alpha**2 * covariance + sigma**2 * torch.eye(len(mean), dtype=F64)
        error = (draws.mean(0) - alpha * mean) / (covariance.diagonal() / 20000).sqrt()
        assert error.abs().max() < 4
        relative = draws.T.cov().reshape(covariance.shape) - covariance
        assert relative.abs().max() < 0.04 * covariance.diagonal().max()


def test_samples_where_pi_is_a_mixture():
    # With w = 1 and u = N(0, s^2), pi ~ p_c^2 / p_u; c one Gaussian gives one Gaussian.
    target = JointTarget(plane([(0.5, 0.2)], [(0.3, 0.1, 0.5)]), line2(1.0), 1.0)
    precision = 2 * torch.linalg.inv(target.conditional.covariances[0]) - torch.eye(2, dtype=F64)
    pull = 2 * torch.linalg.solve(target.conditional.covariances[0], target.conditional.means[0])
    covariance = torch.linalg.inv(precision)
    want = GaussianMixture(
        torch.ones(1, dtype=F64),
        (covariance @ pull)[None],
        ((covariance + covariance.mT) / 2)[None],
    )
    alpha, sigma = pair((1.0, 0.0))
    draws = target.sample(4000, alpha, sigma, torch.Generator().manual_seed(5))
    others = want.sample(4000, alpha, sigma, torch.Generator().manual_seed(6))
    assert abs(energy_distance(draws, others)) < 1e-3
    x = others[:10]
    assert torch.allclose(target.log_prob(x, alpha, sigma), want.log_prob(x, alpha, sigma))


def line2(std):
    return plane([(0.0, 0.0)], [(std, std, 0.0)])


def test_without_weight_the_target_is_the_conditional_law():
    target = target_of("1D-ckpt", 0.0)
    alpha, sigma = pair((0.8, 0.6))
    x = torch.linspace(-2, 3, 9, dtype=F64)[:, None]
    want = target.conditional.x0(x, alpha, sigma)
    assert torch.allclose(target.x0(x, alpha, sigma), want, atol=1e-9)
    assert abs(target.log_evidence) < 1e-10


def test_the_ideal_is_a_denoiser():
    denoiser = ExactDenoiser(target_of("2D-marginal", 1.0), EDMSchedule())
    x = torch.randn(5, 1, 2, generator=torch.Generator().manual_seed(7))
    out = denoiser(x, torch.tensor(0.7, dtype=F64))
    assert (out.shape, out.dtype) == (x.shape, torch.float32)
    assert torch.equal(denoiser(x, torch.tensor(0.0, dtype=F64)), x)


@pytest.mark.parametrize(
    ("conditional", "guide", "weight", "argument"),
    [
        (line([0.0], 1.0), line([0.0], 2.0), -0.5, "weight"),
        (line([0.0], 1.0), line2(1.0), 1.0, "guide"),
        (line([0.0], 1.0), line([0.0], 0.5), 1.0, "weight"),
        (mixed(0.5, line2(1.0), line2(2.0)), line2(0.5), 1.0, "weight"),
    ],
)
def test_bad_input(conditional, guide, weight, argument):
    with pytest.raises(InputError, match=argument):
        JointTarget(conditional, guide, weight)


def test_four_dimensions_are_too_many():
    wide = GaussianMixture.diagonal(
        torch.ones(1, dtype=F64), torch.zeros(1, 4, dtype=F64), torch.ones(1, 4, dtype=F64)
    )
    with pytest.raises(InputError, match="dimensions"):
        JointTarget(wide, wide, 1.0)
