"""Gains on networks in half precision, against closed forms in float64.

The networks are exact but for the rounding of what they read and say, so whatever is off is the
finite differences' doing.
"""

import pytest
import torch

from guidance.exact import (
    F64,
    FLOW,
    VP,
    at_level,
    exact,
    factor,
    gaussian,
    gaussian_network,
    normal,
)
from yuragi.core import NetworkDenoiser, epsilon, sample
from yuragi.guidance import Guided, Ratio, RowSumForward, Scheduled, Stress, constant, plain
from yuragi.guidance.symmetry import probe

BF16, FP16, FP32 = torch.bfloat16, torch.float16, torch.float32
NARROW, WIDE, W = 0.09, 0.25, 2.0


def states(level, schedule=VP, elements=16, rows=64):
    """Draws of the narrow Gaussian at sigma / alpha = level."""
    spread = (NARROW + level**2) ** 0.5
    return at_level(schedule, level, spread * normal(rows, elements, dtype=FP32))


def wanted(level, w=W, narrow=NARROW, wide=WIDE):
    """The factor for two Gaussians: rho is the ratio of their slopes v / (v + s^2)."""
    rho = wide / (wide + level**2) * (narrow + level**2) / narrow
    return 1 / (1 + (1 + w) * (rho - 1))


def reading(level, dtype, output="epsilon", schedule=VP, elements=16, gain=None):
    t, x = states(level, schedule, elements)
    sides = (gaussian_network(v, dtype, output, schedule) for v in (NARROW, WIDE))
    return (gain or Ratio())(*sides, x, t, torch.tensor(W, dtype=F64)).reading


@pytest.mark.parametrize("level", [0.005, 0.01, 0.05, 0.3, 0.7])
@pytest.mark.parametrize("output", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("dtype", [BF16, FP16, FP32])
def test_the_ratio_below_the_data(dtype, output, level):
    """It was 0 in bfloat16 up to 0.05, and in float16 up to 0.01."""
    found = reading(level, dtype, output).factor
    assert found.mean().item() == pytest.approx(wanted(level), abs=0.01)
    assert (found - wanted(level)).abs().max() < 0.06


@pytest.mark.parametrize(("dtype", "level"), [(BF16, 0.05), (BF16, 0.7), (FP16, 0.05), (FP16, 2.0)])
def test_the_ratio_of_a_flow(dtype, level):
    found = reading(level, dtype, "flow_prediction", FLOW).factor
    assert found.mean().item() == pytest.approx(wanted(level), abs=0.01)


@pytest.mark.parametrize("level", [3.0, 10.0, 30.0])
@pytest.mark.parametrize("dtype", [BF16, FP16])
def test_high_in_the_noise_the_ratio_is_measured_or_plain(dtype, level):
    """Slopes are some 0.09 / level^2 there. It was 0 for most of these."""
    found = reading(level, dtype)
    heard = found.rho.isfinite()
    assert (found.factor[~heard] == 1).all()
    assert found.slope[~heard].isnan().all()
    if level == 3.0:  # What passes for heard is the slope and not the noise.
        assert heard.float().mean() > 0.8
        near = (found.factor[heard] / wanted(level)).log().abs() < 0.9
        assert near.float().mean() > 0.9


@pytest.mark.parametrize("gain", [Ratio(0.5), Ratio(stale=True), Ratio(reach=0.0)], ids=repr)
def test_what_cannot_be_heard_is_plain_guidance(gain):
    """A network in bfloat16 that says x0 itself: at this level a step is lost in its rounding."""

    def flat(state, time, condition):
        return (100 + 1e-3 * state.double()).to(BF16)

    flat.dtype = BF16
    strong = NetworkDenoiser(flat, VP, sample)
    weak = gaussian_network(WIDE, BF16, "sample")
    t, x = states(0.05)
    for _ in range(2):  # the second time with the direction of the first
        found = gain(strong, weak, x, t, torch.tensor(W, dtype=F64))
        assert torch.equal(found.direction, found.difference)
        assert found.reading.rho.isnan().all()


def rounding_within(denoiser, shift):
    """A network that also rounds on its way: errors of about one spacing, other ones everywhere."""
    network, dtype = denoiser.network, denoiser.network.dtype

    def rough(state, time, condition):
        out = network(state, time, condition).double()
        error = torch.sin(1e4 * state.double() + shift)
        return (out * (1 + torch.finfo(dtype).eps * error)).to(dtype)

    rough.dtype = dtype
    return NetworkDenoiser(rough, denoiser.schedule, denoiser.prediction)


@pytest.mark.parametrize("level", [0.05, 0.2, 0.5])
@pytest.mark.parametrize("dtype", [BF16, FP16])
def test_a_difference_that_is_mostly_rounding_does_not_bend_the_ratio(dtype, level):
    """The secant follows the rounding errors of its own beginning, which then count twice."""
    near = NARROW * (1 + torch.finfo(dtype).eps)
    t, x = states(level, elements=4096, rows=16)
    strong, weak = (rounding_within(gaussian_network(v, dtype), v * 1e3) for v in (NARROW, near))
    found = Ratio()(strong, weak, x, t, torch.tensor(W, dtype=F64)).reading
    # On the difference at the beginning alone the factor is off by 0.22 at level 0.5.
    assert found.factor.mean().item() == pytest.approx(wanted(level, wide=near), abs=0.08)


@pytest.mark.parametrize("dtype", [BF16, FP16])
@pytest.mark.parametrize("level", [0.05, 0.5, 2.0])
def test_reg_forward(dtype, level):
    """F = v / (v + s^2) for every element; roundings of single elements stay within the step."""
    t, x = states(level)
    sides = (gaussian_network(v, dtype) for v in (NARROW, WIDE))
    found = factor(RowSumForward()(*sides, x, t, torch.tensor(W, dtype=F64)))
    want = NARROW / (NARROW + level**2)
    assert found.mean().item() == pytest.approx(want, abs=0.01)
    assert (found - want).square().mean().sqrt() < 0.06


@pytest.mark.parametrize("dtype", [BF16, FP16])
def test_the_probe_of_symmetry(dtype):
    t, x = states(0.3, rows=16)
    found = probe(gaussian_network(NARROW, dtype), x, t, pairs=8)
    assert found.kappa2 < 0.02
    assert found.roughness < 0.2


@pytest.mark.parametrize("ratio", [4.0, 100.0, 400.0, 1e5])
@pytest.mark.parametrize("level", [0.01, 0.5, 5.0])
def test_any_rho_above_one_is_exact(ratio, level):
    """Gaussians with v_u / v_c = 100 got twice the exact push, 400 eight times."""
    strong, weak = exact(gaussian([0.5], 0.01)), exact(gaussian([0.0], 0.01 * ratio))
    t, x = at_level(VP, level, normal(8, 1))
    found = Ratio()(strong, weak, x, t, torch.tensor(W, dtype=F64)).reading
    want = wanted(level, narrow=0.01, wide=0.01 * ratio)
    assert found.factor.tolist() == pytest.approx([want] * 8, rel=1e-6)
    assert not found.bounded.any()


def test_below_one_the_factor_is_bounded_and_says_so():
    """At v_u / v_c = 0.6 and w = 1/4 the exact factor is near 2; ours is 1."""
    level, w = 30.0, torch.tensor(0.25, dtype=F64)
    strong, weak = exact(gaussian([0.5], 1.0)), exact(gaussian([0.0], 0.6))
    times = [at_level(VP, s, normal(8, 1)) for s in (2 * level, level)]
    found = Ratio()(strong, weak, times[1][1], times[1][0], w).reading
    assert wanted(level, w.item(), 1.0, 0.6) > 1.9
    assert (found.factor == 1).all()
    assert found.bounded.all()
    stress = Stress()
    guided = Guided(strong, weak, constant(1.25), Ratio(), stress)
    for t, x in times:
        guided(x, t)
    assert stress.bounded.tolist() == pytest.approx([1.0] * 8)
    assert stress.rho.tolist() == pytest.approx([0.6] * 8, rel=1e-3)


def test_what_was_not_heard_is_no_part_of_the_gauge():
    strong, weak = exact(gaussian([0.5], 0.09)), exact(gaussian([0.0], 1.0))
    stress = Stress()
    silent = Scheduled((0.1, 10.0), (float("inf"), float("inf")))
    for level, gain in ((2.0, silent), (1.0, Ratio()), (0.5, Ratio())):
        t, x = at_level(VP, level, normal(4, 1))
        Guided(strong, weak, constant(3.0), gain, stress)(x, t)
    assert stress.rho.isfinite().all()


def test_without_signal_the_ratio_is_plain():
    """At alpha = 0 no slope can be measured."""
    strong, weak = exact(gaussian([0.5], 0.09), FLOW), exact(gaussian([0.0], 1.0), FLOW)
    t, x = torch.tensor(1.0, dtype=F64), normal(4, 1)
    want = Guided(strong, weak, constant(3.0), plain)(x, t)
    assert torch.equal(Guided(strong, weak, constant(3.0), Ratio())(x, t), want)


def test_a_gain_in_half_precision_is_finite_at_every_level():
    """No threshold, step or division of a gain overflows float16's 65,504 or vanishes."""

    def network(x, time, condition):
        return torch.tanh(x)

    network.dtype = FP16
    strong = NetworkDenoiser(network, VP, epsilon)
    weak = gaussian_network(WIDE, FP16)
    for level in (1e-3, 1.0, 100.0):
        t, x = states(level)
        for gain in (Ratio(), Ratio(0.5), RowSumForward()):
            assert Guided(strong, weak, constant(3.0), gain)(x, t).isfinite().all()
