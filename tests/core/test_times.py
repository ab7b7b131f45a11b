"""Every grid under every schedule: length, ends, order, spacing."""

import pytest
import torch

from numeric.moments import SCHEDULES
from yuragi.core import check_times, karras, leading, time_grids, uniform, uniform_log_snr
from yuragi.core.table import TableSchedule
from yuragi.errors import InputError

TABLE = SCHEDULES["table"]


@pytest.mark.parametrize("steps", [2, 5, 40])
@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.parametrize("name", time_grids)
def test_grids(name, schedule, steps):
    if name in ("leading", "linspace") and not isinstance(schedule, TableSchedule):
        with pytest.raises(InputError, match="timestep_spacing"):
            time_grids[name](schedule, steps)
        return
    times = time_grids[name](schedule, steps)
    assert times.shape == (steps + 1,)
    assert times.dtype == torch.float64
    assert (times.diff() < 0).all()
    assert times[-1] == schedule.clean
    assert check_times(times, schedule) is not None
    if name != "leading":
        assert times[0] == schedule.noisiest


def test_karras_is_the_papers():
    times = karras(SCHEDULES["edm"], 18)
    i = torch.arange(18, dtype=torch.float64)
    want = (80 ** (1 / 7) + i / 17 * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7
    assert torch.allclose(times[:-1], want, rtol=1e-9)


@pytest.mark.parametrize("name", ["vp", "edm", "table"])
def test_uniform_log_snr_is_uniform(name):
    alpha, sigma = SCHEDULES[name](uniform_log_snr(SCHEDULES[name], 30)[:-1])
    steps = (alpha / sigma).log().diff()
    assert torch.allclose(steps, steps.mean().expand_as(steps), rtol=1e-6)


@pytest.mark.parametrize("name", time_grids)
def test_bad_steps(name):
    with pytest.raises(InputError, match="steps"):
        time_grids[name](TABLE, 0)


def test_other_bad_input():
    with pytest.raises(InputError, match="steps"):
        time_grids["trailing"](TABLE, 1001)
    for name in ("leading", "linspace", "karras", "uniform_log_snr"):
        with pytest.raises(InputError, match="steps.*2 or more"):
            time_grids[name](TABLE, 1)
    with pytest.raises(InputError, match="steps_offset"):
        leading(TABLE, 1000, steps_offset=1)
    with pytest.raises(InputError, match="rho"):
        karras(TABLE, 5, rho=0)


@pytest.mark.parametrize(
    "times", [[[1.0, 0.0]], [1.0], [1.0, 0.5, 0.5], [0.2, 0.5, 0.1], [1.1, 0.5], [0.5, -0.1]]
)
def test_times_that_do_not_fit(times):
    with pytest.raises(InputError, match="times"):
        check_times(torch.tensor(times), SCHEDULES["vp"])


def test_rising_and_falling_times_fit():
    times = uniform(SCHEDULES["flow"], 4)
    assert torch.equal(check_times(times.flip(0).float(), SCHEDULES["flow"]), times.flip(0))
