"""Our tables and time grids are diffusers'."""

import pytest
import torch
from diffusers import DDIMScheduler

from yuragi.core import (
    TableSchedule,
    cosine_betas,
    leading,
    linear_betas,
    linspace,
    scaled_linear_betas,
    trailing,
    zero_terminal_snr,
)
from yuragi.errors import InputError

BETAS = {
    "linear": linear_betas,
    "scaled_linear": lambda: scaled_linear_betas(1e-4, 0.02),
    "squaredcos_cap_v2": cosine_betas,
}


@pytest.mark.parametrize("name", BETAS)
def test_tables_agree_to_float32(name):
    theirs = DDIMScheduler(beta_schedule=name).alphas_cumprod.double()
    assert torch.allclose(TableSchedule.from_betas(BETAS[name]()).alphas_cumprod, theirs, rtol=2e-4)
    assert torch.allclose(
        TableSchedule.from_betas(BETAS[name]()).alphas_cumprod, theirs, rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("name", BETAS)
def test_zero_terminal_snr_agrees(name):
    theirs = DDIMScheduler(beta_schedule=name, rescale_betas_zero_snr=True).alphas_cumprod.double()
    ours = TableSchedule.from_betas(BETAS[name](), rescale_betas_zero_snr=True).alphas_cumprod
    assert ours[-1] == 0
    assert torch.allclose(ours, theirs, rtol=0, atol=2e-6)
    again = zero_terminal_snr(ours)
    assert torch.allclose(again, ours)


GRIDS = {"trailing": trailing, "leading": leading, "linspace": linspace}


@pytest.mark.parametrize("size", [1000, 77])
@pytest.mark.parametrize("spacing", GRIDS)
def test_grids_agree_at_every_number_of_steps(spacing, size):
    table = TableSchedule.from_betas(linear_betas(steps=size))
    scheduler = DDIMScheduler(num_train_timesteps=size, timestep_spacing=spacing)
    for steps in range(1 if spacing == "trailing" else 2, size + 1):
        scheduler.set_timesteps(steps)
        theirs = scheduler.timesteps.tolist()
        if len(theirs) > steps:  # by rounding; our grids end there anyway
            assert spacing == "trailing"
            assert theirs.pop() == table.clean
        assert GRIDS[spacing](table, steps).tolist() == [*theirs, table.clean]


def test_offsets_agree():
    table = TableSchedule.from_betas(linear_betas())
    scheduler = DDIMScheduler(timestep_spacing="leading", steps_offset=1)
    for steps in range(2, 1000):
        scheduler.set_timesteps(steps)
        assert leading(table, steps, steps_offset=1)[:-1].tolist() == scheduler.timesteps.tolist()


@pytest.mark.parametrize("spacing", ["leading", "linspace"])
def test_one_step_that_would_start_at_the_faintest_level_is_refused(spacing):
    scheduler = DDIMScheduler(timestep_spacing=spacing)
    scheduler.set_timesteps(1)
    assert scheduler.timesteps.tolist() == [0]
    with pytest.raises(InputError, match="steps.*2 or more"):
        GRIDS[spacing](TableSchedule.from_betas(linear_betas()), 1)


@pytest.mark.parametrize("spacing", ["trailing", "leading"])
@pytest.mark.parametrize("steps", [10, 20, 30])
def test_where_diffusers_steps_by_arithmetic(steps, spacing):
    # It goes to t - N // steps. With a divisor of N that is our next entry; otherwise trailing
    # differs from it, and ours is the grid itself.
    table = TableSchedule.from_betas(linear_betas())
    times = GRIDS[spacing](table, steps)
    arithmetic = (times[:-1] - 1000 // steps).clamp(min=-1)
    same = torch.equal(times[1:], arithmetic)
    assert same == (1000 % steps == 0 or spacing == "leading")
