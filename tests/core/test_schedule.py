"""Properties that every schedule shares, and the entries of the table."""

import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from numeric.moments import F64, SCHEDULES
from yuragi.core import (
    EDMSchedule,
    FlowSchedule,
    TableSchedule,
    VPSchedule,
    cosine_betas,
    karras,
    leading,
    linear_betas,
    linspace,
    time_grids,
    zero_terminal_snr,
)
from yuragi.errors import InputError

CONTINUOUS = {name: SCHEDULES[name] for name in ("vp", "edm", "flow", "flow-shift3")}


def grid(schedule, count=101):
    return torch.linspace(schedule.noisiest, schedule.clean, count, dtype=F64)


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_ends(schedule):
    alpha, sigma = schedule(torch.tensor(schedule.clean))
    assert (alpha.item(), sigma.item()) == (1.0, 0.0)
    assert schedule.clean < schedule.faintest < schedule.noisiest
    alpha, sigma = schedule(torch.tensor(schedule.noisiest))
    assert alpha.isfinite()
    assert sigma.isfinite()
    assert sigma / alpha > 10


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_float64_on_any_shape(schedule):
    for shape in [(), (3,), (2, 3)]:
        alpha, sigma = schedule(torch.full(shape, schedule.faintest, dtype=torch.float32))
        assert alpha.shape == sigma.shape == shape
        assert alpha.dtype == sigma.dtype == F64
    # A 0-dim float64 scalar leaves a float32 state float32.
    assert (schedule(torch.tensor(schedule.faintest))[0] * torch.zeros(2, 2)).dtype == torch.float32


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_log_snr_falls_and_time_inverts_it(schedule):
    times = grid(schedule)
    alpha, sigma = schedule(times)
    log_snr = alpha.log() - sigma.log()
    assert (log_snr.diff() > 0).all()
    assert torch.allclose(schedule.time(log_snr), times, rtol=1e-9, atol=1e-7)
    inside = torch.linspace(-2, 3, 40, dtype=F64)
    alpha, sigma = schedule(schedule.time(inside))
    assert torch.allclose(alpha.log() - sigma.log(), inside, atol=1e-9)


@pytest.mark.parametrize("name", ["vp", "table", "table-zero-snr"])
def test_variance_preserving(name):
    alpha, sigma = SCHEDULES[name](grid(SCHEDULES[name], 997))
    assert torch.allclose(alpha**2 + sigma**2, torch.ones_like(alpha), atol=1e-14)


def test_closed_forms():
    t = torch.tensor(0.6, dtype=F64)
    alpha, _ = VPSchedule()(t)
    assert alpha.log().item() == pytest.approx(-0.25 * 0.36 * 19.9 - 0.5 * 0.6 * 0.1)
    assert EDMSchedule()(t)[1] == t
    assert FlowSchedule()(t)[0] == 1 - t
    assert FlowSchedule(shift=3)(t)[1].item() == pytest.approx(3 * 0.6 / (1 + 2 * 0.6))


@pytest.mark.parametrize("name", ["table", "table-zero-snr"])
def test_whole_times_are_entries_and_the_rest_lies_between(name):
    table = SCHEDULES[name]
    whole = torch.arange(1000, dtype=F64)
    assert torch.equal(table(whole)[0], table.alphas_cumprod.sqrt())
    assert torch.equal(table(whole)[1], (1 - table.alphas_cumprod).sqrt())
    alpha, sigma = table(torch.tensor([499.0, 499.5, 500.0], dtype=F64))
    log_snr = (alpha / sigma).log()
    assert log_snr[1].item() == pytest.approx((log_snr[0] + log_snr[2]).item() / 2, abs=1e-12)
    alpha, sigma = table(torch.tensor([-0.5, 998.5], dtype=F64))
    assert sigma[0] == table(torch.tensor(0.0))[1] / 2
    assert alpha.isfinite().all()


def test_tables_compare_by_value_and_survive_pickling():
    first, second = (TableSchedule.from_betas(linear_betas()) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert first != TableSchedule.from_betas(cosine_betas())
    assert pickle.loads(pickle.dumps(first)) == first


def test_zero_terminal_snr_keeps_the_first_entry():
    table = torch.cumprod(1 - linear_betas(), 0)
    rescaled = zero_terminal_snr(table)
    assert rescaled[-1] == 0
    assert rescaled[0] == pytest.approx(table[0].item())


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_levels_beyond_an_end_give_that_end(schedule):
    infinity = torch.tensor(torch.inf, dtype=F64)
    assert schedule.time(infinity).item() == schedule.clean
    alpha, sigma = schedule(torch.tensor(schedule.noisiest, dtype=F64))
    darkest = (alpha / sigma).log()
    for log_snr in (darkest, darkest - 1, -infinity):
        time = schedule.time(log_snr).item()
        assert time == pytest.approx(schedule.noisiest, abs=1e-12)
        assert time <= schedule.noisiest
    mixed = schedule.time(torch.stack([infinity, torch.zeros((), dtype=F64), -infinity]))
    assert (mixed.diff() > 0).all()


@given(st.floats(1e-3, 1e3))
def test_no_shift_leaves_the_axis(shift):
    schedule = FlowSchedule(shift)
    ends = schedule.time(torch.tensor([-torch.inf, torch.inf], dtype=F64))
    assert ends.tolist() == [pytest.approx(1, abs=1e-9), 0]
    assert ends[0] <= schedule.noisiest


@given(st.sampled_from(list(CONTINUOUS)), st.floats(0, 1))
def test_time_inverts_log_snr_everywhere(name, share):
    schedule = CONTINUOUS[name]
    alpha, sigma = schedule(torch.tensor(schedule.noisiest, dtype=F64))
    darkest = max((alpha / sigma).log().item(), -8)
    log_snr = darkest + share * (8 - darkest)
    alpha, sigma = schedule(schedule.time(torch.tensor(log_snr, dtype=F64)))
    assert (alpha / sigma).log().item() == pytest.approx(log_snr, abs=1e-6)


@pytest.mark.parametrize(
    ("build", "argument"),
    [
        (lambda: TableSchedule(torch.ones(2, 2)), "alphas_cumprod"),
        (lambda: TableSchedule(torch.tensor([0.5, 0.6])), "alphas_cumprod"),
        (lambda: TableSchedule(torch.tensor([1.0, 0.5])), "alphas_cumprod"),
        (lambda: TableSchedule(torch.tensor([0.9, -0.1])), "alphas_cumprod"),
        (lambda: VPSchedule(beta_min=0.0), "beta_min"),
        (lambda: EDMSchedule(sigma_min=100.0), "sigma_min"),
        (lambda: FlowSchedule(shift=0.0), "shift"),
    ],
)
def test_bad_input(build, argument):
    with pytest.raises(InputError, match=argument):
        build()


def test_the_ends_of_a_network_that_knows_fewer_levels():
    whole = VPSchedule()
    limited = VPSchedule(faintest=0.01, noisiest=0.8)
    times = torch.linspace(0, 0.8, 9, dtype=F64)
    for found, expected in zip(limited(times), whole(times), strict=True):
        assert torch.equal(found, expected)
    levels = torch.tensor([torch.inf, 1.0, -torch.inf], dtype=F64)
    expected = [0.0, whole.time(levels[1]).item(), 0.8]
    assert limited.time(levels).tolist() == pytest.approx(expected, abs=1e-12)
    for grid_of in time_grids.values():
        if grid_of not in (leading, linspace):
            times = grid_of(limited, 7)
            assert times[0] == 0.8
    assert karras(limited, 7)[-2] == 0.01
    with pytest.raises(InputError, match="faintest < noisiest <= 1"):
        VPSchedule(noisiest=1.1)
