"""Path-KL against closed forms, Girsanov's equality and the published table."""

import pytest
import torch

from yuragi.core import EDMSchedule, FlowSchedule, TableSchedule, VPSchedule, linear_betas
from yuragi.errors import InputError
from yuragi.guidance import Guided, LookAhead, Ratio, RowSum, RowSumForward, constant, plain
from yuragi.research.lab.problems import named
from yuragi.research.metrics.joint import JointTarget
from yuragi.research.metrics.law import ExactDenoiser
from yuragi.research.metrics.path_kl import (
    compare,
    levels_at,
    levels_by_quadrature,
    levels_by_sampling,
    log_spaced,
    square_errors,
    win_ratio,
)

F64 = torch.float64
EDM = EDMSchedule(1e-3, 100.0)
GAINS = {
    "cfg": plain,
    "reg": RowSum(),
    "reg_forward": RowSumForward(),
    # The table is about slopes at a point, not along the way of the push.
    "f": Ratio(0.0, reach=0.0),
    "f j^1/2": Ratio(0.5, reach=0.0),
    "f j": Ratio(1.0, reach=0.0),
    "look-ahead": LookAhead(plain),
}


def oracle(name, weight, schedule=EDM):
    """The target, the two exact denoisers, and levels on a grid (line) or drawn (plane)."""
    problem = named[name]
    target = JointTarget(problem.conditional, problem.guide, weight)
    strong = ExactDenoiser(problem.conditional, schedule)
    weak = ExactDenoiser(problem.guide, schedule)
    noise = log_spaced(0.01, 20.0, 24)
    if problem.dimension == 1:
        low, high = target.support.axes[0][[0, -1]].tolist()
        levels = levels_by_quadrature(target, schedule, noise, low, high, 400)
    else:
        generator = torch.Generator().manual_seed(0)
        levels = levels_by_sampling(target, schedule, noise, 300, generator)
    return target, strong, weak, levels


def path_kls(name, weight):
    _, strong, weak, levels = oracle(name, weight)
    values = {"none": compare(strong, levels).path_kl}
    for rule, gain in GAINS.items():
        guided = Guided(strong, weak, constant(1 + weight), gain)
        values[rule] = compare(guided, levels).path_kl
    return values


def test_a_mean_shift_in_closed_form():
    # D* - D_c = sigma^2 / (v + sigma^2) w delta; its integral is elementary.
    _, strong, weak, levels = oracle("1D-mean-shift", 3.0)
    want = 9 / 2 * (1 / (0.25 + 0.01**2) - 1 / (0.25 + 20.0**2))
    assert compare(strong, levels).path_kl == pytest.approx(want, rel=1e-3)
    assert compare(Guided(strong, weak, constant(4.0)), levels).path_kl < 1e-15


@pytest.mark.parametrize("name", [name for name in named if name != "1D-mean-shift"])
def test_without_guidance_it_is_the_divergence_of_the_target(name):
    # Girsanov is an equality here: both are laws of the same reverse SDE up to the start, so the
    # path-KL of "none" is KL(pi || p_c) = w E_pi[log p_c / p_u] - log E.
    target, strong, _, levels = oracle(name, 1.0)
    weights = target.support.log_density.flatten().softmax(0)
    want = float(weights @ target.log_reward(target.support.nodes)) - target.log_evidence
    errors = compare(strong, levels)
    assert abs(errors.path_kl - want) < 0.02 * want + 4 * errors.path_kl_stderr


@pytest.mark.parametrize("schedule", [VPSchedule(), FlowSchedule()])
def test_it_does_not_depend_on_the_schedule(schedule):
    _, strong, weak, levels = oracle("1D-paper", 1.0)
    want = compare(Guided(strong, weak, constant(2.0)), levels).path_kl
    _, strong, weak, levels = oracle("1D-paper", 1.0, schedule)
    assert compare(Guided(strong, weak, constant(2.0)), levels).path_kl == pytest.approx(want, 1e-3)


def test_draws_and_sums_agree():
    target, strong, weak, levels = oracle("1D-marginal", 1.0)
    guided = Guided(strong, weak, constant(2.0), RowSum())
    exact = compare(guided, levels)
    noise = log_spaced(0.01, 20.0, 24)
    generator = torch.Generator().manual_seed(1)
    drawn = compare(guided, levels_by_sampling(target, EDM, noise, 2000, generator))
    assert exact.path_kl_stderr == 0
    assert 0 < drawn.path_kl_stderr < 0.1 * drawn.path_kl
    assert abs(drawn.path_kl - exact.path_kl) < 4 * drawn.path_kl_stderr


# Path-KL in nats at the nominal weight: the prototype's table (specification, section 4.3, B).
TABLE = {
    ("1D-sharpen", 1): {"none": 0.085, "cfg": 0.398, "reg": 0.0042, "f j": 0.0124},
    ("1D-sharpen", 3): {"none": 0.287, "cfg": 4.06, "reg": 0.162, "f j^1/2": 0.014},
    ("1D-ckpt", 1): {"none": 1.06, "cfg": 0.732, "reg": 0.235, "f": 0.226, "f j^1/2": 0.221},
    ("1D-ckpt", 3): {"cfg": 12.8, "reg": 0.840, "look-ahead": 0.329, "f": 2.97, "f j": 0.725},
    ("1D-paper", 1): {"cfg": 0.589, "reg": 0.031, "f": 0.018, "f j^1/2": 0.0059, "f j": 0.0066},
    ("1D-paper", 3): {"cfg": 5.53, "reg": 0.361, "f": 0.098, "f j^1/2": 0.049, "f j": 0.045},
    ("1D-marginal", 1): {"cfg": 0.540, "reg": 0.0108, "f": 0.0065, "f j^1/2": 0.0033},
    ("1D-marginal", 3): {"cfg": 4.86, "reg": 0.166, "f": 0.014, "f j^1/2": 0.014},
    ("1D-autoG", 1): {"none": 0.055, "cfg": 0.051, "f": 0.0043, "f j^1/2": 0.0102},
    ("1D-autoG", 3): {"cfg": 0.635, "reg": 0.263, "look-ahead": 0.061, "f": 0.049},
}


@pytest.mark.parametrize(("name", "weight"), list(TABLE))
def test_the_table_of_the_line(name, weight):
    found = path_kls(name, float(weight))
    for rule, want in TABLE[name, weight].items():
        assert found[rule] == pytest.approx(want, rel=0.2), rule
    assert found["reg_forward"] == pytest.approx(found["reg"], rel=0.1)
    assert found["reg"] < found["cfg"]


@pytest.mark.parametrize(("name", "weight"), [("2D-marginal", 1), ("2D-autoG", 3)])
def test_the_order_in_the_plane(name, weight):
    found = path_kls(name, float(weight))
    assert found["f j^1/2"] < found["reg"] < found["cfg"]
    assert found["f"] < found["reg"]


def test_where_the_classes_lie_in_the_plane_no_guidance_is_best():
    found = path_kls("2D-marginal", 1.0)
    assert found["none"] == min(found.values())


@pytest.mark.parametrize(
    ("name", "low", "high"), [("1D-ckpt", 0.78, 0.88), ("1D-paper", 0.84, 0.94)]
)
def test_the_win_ratio_of_the_published_grid(name, low, high):
    # The released checkpoint's data: .81 with its networks, .86 with exact scores (specification,
    # section 3.1); the other setting .84 to .91.
    schedule = TableSchedule.from_betas(linear_betas(1e-4, 0.02, 20))
    problem = named[name]
    strong = ExactDenoiser(problem.conditional, schedule)
    weak = ExactDenoiser(problem.guide, schedule)
    target = JointTarget(problem.conditional, problem.guide, 1.0)
    x = torch.linspace(-1, 2, 1000, dtype=F64)[:, None]
    levels = levels_at(target, schedule, torch.arange(20, dtype=F64), x)
    cfg = Guided(strong, weak, constant(2.0))
    reg = Guided(strong, weak, constant(2.0), RowSum())
    wins = win_ratio(square_errors(reg, levels), square_errors(cfg, levels), levels)
    assert wins.shape == (20,)
    assert low < wins.mean() < high


def test_bad_levels():
    with pytest.raises(InputError, match="low"):
        log_spaced(1.0, 0.5, 4)
    with pytest.raises(InputError, match="count"):
        log_spaced(0.5, 1.0, 1)
