"""Gains against closed forms for Gaussians, and what they cost."""

import pytest
import torch

from guidance.exact import (
    ALL,
    CLASS,
    F64,
    FLOW,
    KINDS,
    VP,
    at_level,
    exact,
    factor,
    gaussian,
    network,
    normal,
)
from yuragi.core import (
    Counting,
    EDMSchedule,
    GaussianMixture,
    NetworkDenoiser,
    VPSchedule,
    epsilon,
)
from yuragi.errors import InputError
from yuragi.guidance import (
    Guided,
    LookAhead,
    Projected,
    Ratio,
    Refresh,
    RowSum,
    RowSumForward,
    Scheduled,
    SeparationGamma,
    Unclassified,
    Unrectified,
    Within,
    ZeroStar,
    constant,
    plain,
)

W = 2.0


def ideal(strong, weak, w, sigma):
    """The exact guided denoiser of two diagonal Gaussians, for alpha = 1: E_pi[x0 | x_t]."""
    (m_c, v_c), (m_u, v_u) = [(p.means[0], p.covariances[0].diagonal()) for p in (strong, weak)]
    precision = (1 + w) / v_c - w / v_u
    mean = ((1 + w) * m_c / v_c - w * m_u / v_u) / precision
    variance = 1 / precision
    return lambda x: mean + variance / (variance + sigma**2) * (x - mean)


@pytest.mark.parametrize("sigma", [0.1, 0.5, 2.0])
def test_a_mean_shift_needs_no_correction(sigma):
    """Equal covariances: plain guidance and f are exact, REG is off by a^2 v / (a^2 v + s^2)."""
    c, u = gaussian([1.0], 0.25), gaussian([0.0], 0.25)
    strong, weak = exact(c, EDMSchedule()), exact(u, EDMSchedule())
    x, t = normal(8, 1), torch.tensor(sigma, dtype=F64)
    want = ideal(c, u, W, sigma)(x)
    for gain in (plain, Ratio(gamma=0.0)):
        assert torch.allclose(Guided(strong, weak, constant(1 + W), gain)(x, t), want)
    got = Guided(strong, weak, constant(1 + W), RowSum())(x, t) - strong(x, t)
    assert torch.allclose(got, 0.25 / (0.25 + sigma**2) * (want - strong(x, t)))


@pytest.mark.parametrize("sigma", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("w", [0.5, 1.0, 3.0])
def test_the_ratio_is_exact_for_gaussians_in_one_dimension(sigma, w):
    c, u = gaussian([0.5], 0.09), gaussian([0.0], 1.0)
    strong, weak = exact(c, EDMSchedule()), exact(u, EDMSchedule())
    x, t = normal(8, 1), torch.tensor(sigma, dtype=F64)
    got = Guided(strong, weak, constant(1 + w), Ratio(gamma=0.0))(x, t)
    assert torch.allclose(got, ideal(c, u, w, sigma)(x), rtol=1e-6)


@pytest.mark.parametrize("reach", [0.0, 1.0, 4.0])
def test_the_length_of_a_secant_does_not_matter_for_gaussians(reach):
    strong, weak = exact(gaussian([0.5], 0.09)), exact(gaussian([0.0], 1.0))
    t, x = at_level(VP, 0.7, normal(8, 1))
    weight = torch.tensor(W, dtype=F64)
    found = Ratio(reach=reach)(strong, weak, x, t, weight)
    assert torch.allclose(factor(found, W), factor(Ratio(reach=0.0)(strong, weak, x, t, weight), W))


def test_a_secant_sees_a_reward_that_saturates():
    """Half-way between two classes the tangent hopes for more than there is to get."""
    two = GaussianMixture.diagonal(
        torch.tensor([0.5, 0.5], dtype=F64),
        torch.tensor([[-1.0], [1.0]], dtype=F64),
        torch.full((2, 1), 0.04, dtype=F64),
    )
    strong, weak = exact(gaussian([1.0], 0.04)), exact(two)
    t, x = at_level(VP, 1.0, torch.full((1, 1), 0.8, dtype=F64))
    weight = torch.tensor(W, dtype=F64)
    tangent = Ratio(reach=0.0)(strong, weak, x, t, weight).reading
    secant = Ratio(reach=4.0)(strong, weak, x, t, weight).reading
    assert secant.rho < tangent.rho  # along the way the weak side flattens


def test_gamma_from_rho():
    gamma = SeparationGamma(low=1.0, high=3.0, top=0.5)
    rho = torch.tensor([0.5, 1.0, 2.0, 3.0, 9.0])
    assert gamma(rho).tolist() == pytest.approx([0, 0, 0.25, 0.5, 0.5])
    strong, weak = exact(CLASS), exact(ALL)
    t, x = at_level(VP, 0.7, normal(8, 2))
    found = Ratio(gamma)(strong, weak, x, t, torch.tensor(W, dtype=F64))
    reading = found.reading
    want = reading.factor * reading.slope ** gamma(reading.rho)
    assert torch.allclose(factor(found, W)[:, 0], want)


@pytest.mark.parametrize("level", [0.1, 0.6, 2.5])
def test_without_gradients_the_same_factor(level):
    """J is symmetric: the reverse product and the finite difference agree."""
    t, x = at_level(VP, level, normal(64, 2) * (1 + level))
    weight = torch.tensor(W, dtype=F64)
    reverse = factor(RowSum()(exact(CLASS), exact(ALL), x, t, weight))
    forward = factor(RowSumForward(h=1e-4)(exact(CLASS), exact(ALL), x, t, weight))
    assert torch.allclose(forward, reverse, atol=2e-4)
    default = factor(RowSumForward()(exact(CLASS), exact(ALL), x, t, weight))
    assert (default - reverse).square().mean().sqrt() < 0.02 * reverse.square().mean().sqrt()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_divides_by_the_step_that_was_taken(dtype):
    """An identity network: x0 = (x - sigma x) / alpha, so the factor is 1 - sigma everywhere."""

    class Half:
        def __call__(self, x, t, condition):
            return x

    Half.dtype = dtype
    strong = NetworkDenoiser(Half(), VP, epsilon)
    weak = exact(ALL, VP)
    t, x = at_level(VP, 0.5, normal(64, 2, dtype=torch.float32))
    _, sigma = VP(t)
    found = factor(RowSumForward()(strong, weak, x, t, torch.tensor(W)))
    wrong = (found - (1 - sigma)).abs() > 1e-3
    assert wrong.float().mean() < 0.1  # where the exponent changes between the two states
    assert (found - (1 - sigma)).abs().max() < 0.1


def test_the_row_sum_can_be_computed_in_parts():
    strong, weak = network("v_prediction", CLASS), network("v_prediction", ALL)
    t, x = at_level(VP, 0.8, normal(7, 2))
    weight = torch.tensor(W, dtype=F64)
    whole = RowSum()(strong, weak, x, t, weight)
    parts = RowSum(batch=3)(strong, weak, x, t, weight)
    assert torch.allclose(whole.direction, parts.direction)


def conditioned(counter):
    strong = NetworkDenoiser(counter, VP, epsilon, {"shift": normal(4, 2, seed=1)})
    return strong, strong.bind({"shift": torch.zeros(1, 2, dtype=F64)})


def shifted(x, t, condition):
    return torch.tanh(x + condition["shift"])


def test_parts_keep_the_condition_of_each_row():
    strong, weak = conditioned(shifted)
    t, x = at_level(VP, 0.8, normal(4, 2))
    weight = torch.tensor(W, dtype=F64)
    whole = RowSum()(strong, weak, x, t, weight)
    assert torch.allclose(factor(RowSum(batch=3)(strong, weak, x, t, weight)), factor(whole))


COSTS = {
    "plain": (plain, 1),
    "reg": (RowSum(), 1),
    "reg_forward": (RowSumForward(), 1),
    "ratio": (Ratio(), 1),
    "stale ratio": (Ratio(stale=True), 8),
    "look-ahead": (LookAhead(Ratio(-0.5)), 1),
    "refreshed": (Refresh(Ratio(), 4), 8),
    "refreshed reg": (Refresh(RowSumForward(), 8), 8),
}


@pytest.mark.parametrize(("gain", "steps"), COSTS.values(), ids=COSTS)
def test_the_declared_cost_is_what_is_spent(gain, steps):
    counter = Counting(shifted)
    strong, weak = conditioned(counter)
    guided = Guided(strong, weak, constant(1 + W), gain)
    for level in torch.linspace(2, 0.2, steps):
        guided(*reversed(at_level(VP, level, normal(4, 2))))
    first = 1 if gain == Ratio(stale=True) else 0  # no direction yet: one pass more
    assert counter.evaluations == 4 * steps * gain.cost.evaluations
    assert counter.calls == steps * gain.cost.passes + first


def test_a_kept_factor_is_the_one_of_the_last_refresh():
    strong, weak = exact(CLASS), exact(ALL)
    gain, weight = Refresh(Ratio(), 3), torch.tensor(W, dtype=F64)
    levels = [4 * 0.7**k for k in range(7)]
    seen = [gain(strong, weak, *reversed(at_level(VP, r, normal(4, 2))), weight) for r in levels]
    for k, guidance in enumerate(seen):
        t, x = at_level(VP, levels[k - k % 3], normal(4, 2))
        fresh = Ratio()(strong, weak, x, t, weight)
        assert torch.equal(factor(guidance, W), factor(fresh, W))


MEMORIES = {
    "refresh": lambda: Refresh(Ratio(), 100),
    "stale": lambda: Ratio(stale=True),
    "momentum": lambda: Projected(momentum=-0.5),
}


@pytest.mark.parametrize("make", MEMORIES.values(), ids=MEMORIES)
@pytest.mark.parametrize("rows", [4, 5])
def test_memory_ends_with_the_trajectory(make, rows):
    """A second run with the same object is as good as one with a new object."""
    strong, weak = exact(CLASS), exact(ALL)
    weight = torch.tensor(W, dtype=F64)

    def run(gain, seed, rows):
        states = [at_level(VP, r, normal(rows, 2, seed=seed)) for r in (2.0, 1.0, 0.5)]
        return [gain(strong, weak, x, t, weight).direction for t, x in states]

    used, fresh = make(), make()
    run(used, 1, 4)
    pairs = zip(run(used, 0, rows), run(fresh, 0, rows), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_a_kept_factor_follows_the_weight():
    """Slopes are kept, not what one weight made of them."""
    strong, weak = exact(CLASS), exact(ALL)
    gain = Refresh(Ratio(), 4)
    t, x = at_level(VP, 0.8, normal(4, 2))
    for w in (3.0, 1.0):
        found = gain(strong, weak, x, t, torch.tensor(w, dtype=F64))
        fresh = Ratio(h=1e-3, reach=0.0)(strong, weak, x, t, torch.tensor(w, dtype=F64))
        rho = found.reading.rho
        assert torch.allclose(found.reading.factor, 1 / (1 + (1 + w) * (rho - 1).clamp(min=0)))
        assert found.direction.shape == fresh.direction.shape


@pytest.mark.parametrize("wrapper", [lambda g: Refresh(g, 2), ZeroStar])
@pytest.mark.parametrize("turned", [Projected(plain), LookAhead(plain), Unrectified(Ratio())])
def test_what_needs_a_factor_says_so(wrapper, turned):
    t, x = at_level(VP, 0.8, normal(4, 2))
    with pytest.raises(InputError, match="^gain[: ]"):
        wrapper(turned)(exact(CLASS), exact(ALL), x, t, torch.tensor(W, dtype=F64))


def test_within_an_interval_only():
    strong, weak = exact(CLASS), exact(ALL)
    gain, weight = Within(Ratio(), 0.5, 2.0), torch.tensor(W, dtype=F64)
    for ratio, inside in ((0.4, False), (0.6, True), (1.9, True), (2.1, False)):
        t, x = at_level(VP, ratio, normal(4, 2))
        found = gain(strong, weak, x, t, weight).direction
        want = (Ratio() if inside else plain)(strong, weak, x, t, weight).direction
        assert torch.equal(found, want)


def test_samples_do_not_see_each_other():
    strong, weak = exact(CLASS), exact(ALL)
    t, x = at_level(VP, 0.7, normal(5, 2))
    for gain in (RowSum(), RowSumForward(), Ratio(), LookAhead(Ratio(0.0)), Projected(norm=0.1)):
        guided = Guided(strong, weak, constant(1 + W), gain)
        one_by_one = torch.cat([guided(row[None], t) for row in x])
        assert torch.allclose(guided(x, t), one_by_one, atol=1e-12)


def test_scheduled_reads_its_table():
    gain = Scheduled(levels=(0.1, 1.0, 10.0), rho=(1.0, 2.0, 0.5))
    strong, weak = exact(CLASS), exact(ALL)
    for ratio, rho in ((0.05, 1.0), (0.1, 1.0), (10**-0.5, 1.5), (1.0, 2.0), (20.0, 0.5)):
        t, x = at_level(VP, ratio, normal(4, 2))
        found = gain(strong, weak, x, t, torch.tensor(W, dtype=F64))
        assert factor(found, W).item() == pytest.approx(1 / (1 + 3 * max(rho - 1, 0)), rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_breaks_at_the_noisiest_level(kind):
    strong, weak = network(kind, CLASS), network(kind, ALL)
    t = torch.tensor(strong.schedule.noisiest, dtype=F64)
    if kind in ("flow_prediction", "sit"):
        t = t - 1e-6
    x = normal(4, 2) * strong.schedule(t)[1]
    for gain in (plain, RowSum(), RowSumForward(), Ratio(), ZeroStar()):
        assert Guided(strong, weak, constant(3.0), gain)(x, t).isfinite().all()


def test_without_signal_rectified_guidance_does_not_push():
    """At alpha = 0 REG is 0 by its formula, and nothing is undefined."""
    strong, weak = exact(CLASS, FLOW), exact(ALL, FLOW)
    t, x = torch.tensor(1.0, dtype=F64), normal(4, 2)
    away = Unclassified(strong, lambda x, t: x.sum(1))
    for side in (weak, away):
        for gain in (RowSum(), RowSumForward(), Refresh(RowSumForward(), 2)):
            found = Guided(strong, side, constant(3.0), gain)(x, t)
            assert torch.allclose(found, strong(x, t))
    assert not torch.allclose(Guided(strong, weak, constant(3.0))(x, t), strong(x, t))


def test_where_both_sides_agree_there_is_nothing_to_guide():
    strong, weak = exact(CLASS), exact(gaussian([0.5, 0.5], 0.2))
    t, x = at_level(VP, 0.7, normal(4, 2))

    class Same:
        schedule = VP

        def __call__(self, x, t):
            return torch.where(x[:, :1] > 0, weak(x, t), strong(x, t))

    x[0, 0], x[1, 0] = 1.0, -1.0
    for gain in (Ratio(), Ratio(0.5), Ratio(stale=True), LookAhead(Ratio(-0.5)), RowSumForward()):
        found = Guided(strong, Same(), constant(3.0), gain)(x, t)
        assert found.isfinite().all()
        assert torch.equal(found[1], strong(x, t)[1])


@pytest.mark.parametrize("ratio", [20.0, 120.0])
def test_the_ratio_far_up_in_the_noise(ratio):
    """Slopes are tiny there, but their ratio is not: Gaussians keep V_u / V_c."""
    strong, weak = exact(gaussian([0.5], 0.09)), exact(gaussian([0.0], 1.0))
    t, x = at_level(VP, ratio, ratio * normal(8, 1))
    found = Ratio()(strong, weak, x, t, torch.tensor(W, dtype=F64)).reading
    want = (1 / (1 + ratio**2)) / (0.09 / (0.09 + ratio**2))
    assert torch.allclose(found.rho, torch.full((8,), want, dtype=F64), rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "argument"),
    [
        (lambda: Ratio(gamma=1.5), "gamma"),
        (lambda: Ratio(reach=-1.0), "reach"),
        (lambda: SeparationGamma(low=0.5), "low"),
        (lambda: SeparationGamma(low=2.0, high=1.5), "high"),
        (lambda: SeparationGamma(top=0.0), "top"),
        (lambda: Ratio(h=0.0), "h"),
        (lambda: RowSum(batch=0), "batch"),
        (lambda: RowSumForward(h=-1.0), "h"),
        (lambda: Refresh(plain, 0), "every"),
        (lambda: Within(plain, 2.0, 1.0), "interval"),
        (lambda: Scheduled((1.0,), (1.0,)), "levels"),
        (lambda: Scheduled((2.0, 1.0), (1.0, 1.0)), "levels"),
        (lambda: Scheduled((1.0, 2.0), (1.0,)), "rho"),
        (lambda: Projected(parallel=2.0), "parallel"),
        (lambda: Projected(norm=0.0), "norm"),
        (lambda: Projected(momentum=1.0), "momentum"),
        (lambda: ZeroStar(still_above=0.0), "still_above"),
    ],
)
def test_values_out_of_range(make, argument):
    with pytest.raises(InputError, match=argument):
        make()


def test_a_negative_weight_has_no_ratio():
    counter = Counting(shifted)
    strong, weak = conditioned(counter)
    t, x = at_level(VP, 0.7, normal(4, 2))
    with pytest.raises(InputError, match="guidance_scale"):
        Guided(strong, weak, constant(0.5), Ratio())(x, t)
    assert counter.calls == 0


def test_reg_needs_a_gradient():
    strong, weak = exact(CLASS), exact(ALL)
    t, x = at_level(VP, 0.7, normal(4, 2))
    with torch.inference_mode(), pytest.raises(InputError, match="inference_mode"):
        Guided(strong, weak, constant(3.0), RowSum())(x, t)

    class Frozen:
        schedule = VP

        @torch.no_grad()
        def __call__(self, x, t):
            return strong(x, t)

    with pytest.raises(InputError, match="reg_forward"):
        Guided(Frozen(), weak, constant(3.0), RowSum())(x, t)


def test_guidance_on_some_channels_only():
    """DiT's own code leaves the last channel to the strong side."""
    from yuragi.guidance import OnChannels

    class Constant:
        schedule = VPSchedule()

        def __init__(self, value):
            self.value = value

        def __call__(self, x, t):
            return torch.full_like(x, self.value)

    x, t = torch.zeros(2, 4, 3, 3), torch.tensor(0.5, dtype=torch.float64)
    strong, weak = Constant(1.0), Constant(0.5)
    found = Guided(strong, weak, constant(4.0), OnChannels(plain, 3))(x, t)
    assert (found[:, :3] == 1 + 3 * 0.5).all()
    assert (found[:, 3:] == 1).all()
    with pytest.raises(InputError, match="^channels"):
        OnChannels(plain, 0)
