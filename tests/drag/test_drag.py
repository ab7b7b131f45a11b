"""The drag as a whole, on a denoiser with a closed form."""

import pytest
import torch

from promises import assert_equal_to_rounding
from yuragi.core import (
    GaussianMixture,
    MixtureDenoiser,
    TableSchedule,
    scaled_linear_betas,
)
from yuragi.drag.drag import Drag, drag_latents, drag_levels
from yuragi.drag.spec import Handle
from yuragi.errors import InputError
from yuragi.solver import DDIM, Churn, DPMSolverPP

SHAPE = (1, 1, 8, 8)
TABLE = TableSchedule.from_betas(scaled_linear_betas())
FLAT = MixtureDenoiser(
    GaussianMixture.diagonal(
        weights=torch.ones(1), means=torch.zeros(1, 64), variances=torch.ones(1, 64)
    ),
    TABLE,
)


def flat():
    return FLAT


def settings(stochastic=True, solver=None, steps=20, **changes):
    values = {
        "solver": solver or DDIM(1.0 if stochastic else 0.0),
        "stochastic": stochastic,
        "num_inference_steps": steps,
        "t0": 0.6,
        "radius": 0.2,
        "step": 1 / 8,
        "gain": 1.1,
        "keep": 0.3,
    }
    return Drag(**(values | changes))


def latent(seed=0):
    return torch.randn(SHAPE, generator=torch.Generator().manual_seed(seed))


HANDLES = [[Handle(3.0, 4.0, 3.0, 0.0)]]


def test_levels_of_the_paper():
    levels = drag_levels(TABLE, settings(steps=200))
    assert len(levels) == 121
    assert levels[0] == 599
    assert levels[-1] == TABLE.clean
    assert bool((levels.diff() == -5).all())


@pytest.mark.parametrize("stochastic", [True, False])
def test_it_takes_a_sub_drag_for_each_step_and_arrives(stochastic):
    steps = list(drag_latents(flat, latent(), HANDLES, settings(stochastic), seed=0))
    assert [step.index for step in steps] == [1, 2, 3]
    assert all(step.count == 3 for step in steps)
    assert [step.moves[0][0].length for step in steps] == pytest.approx([2, 1, 0])
    assert steps[-1].moves[0][0].x == pytest.approx(6)


@pytest.mark.parametrize("stochastic", [True, False])
def test_outside_the_mask_the_latent_is_kept_exactly(stochastic):
    mask = torch.zeros(1, 1, 8, 8)
    mask[..., 2:6, :] = 1
    *_, last = drag_latents(flat, latent(), HANDLES, settings(stochastic), 0, mask=mask)
    outside = mask.bool().logical_not().expand(SHAPE)
    assert torch.equal(last.latents[outside], latent()[outside])
    assert not torch.equal(last.latents, latent())


def test_same_seed_same_result_other_seed_another():
    def result(seed):
        *_, last = drag_latents(flat, latent(), HANDLES, settings(), seed)
        return last.latents

    assert torch.equal(result(1), result(1))
    assert not torch.equal(result(1), result(2))


def test_without_a_paste_sde_drag_gives_the_picture_back():
    # gain 1, keep 1 and a motion too short to reach a cell's centre: nothing is manipulated.
    nudge = [[Handle(4.0, 4.0, 1e-7, 0.0)]]
    drag = settings(gain=1.0, keep=1.0, radius=0.01)
    *_, last = drag_latents(flat, latent(), nudge, drag, 0)
    torch.testing.assert_close(last.latents, latent(), rtol=0, atol=1e-5)


def test_the_sde_forgives_what_the_ode_carries_through():
    # Contraction (spec 1.4): under N(0, 1) data every mismatch of the paste decays by the
    # correlation of x_0 with x_t0 for the SDE, and is kept whole by the ODE.
    def excess(stochastic):
        drag = settings(stochastic, gain=1.5, steps=100)
        *_, last = drag_latents(flat, latent(), [[Handle(3.0, 4.0, 1.0, 0.0)]], drag, 0)
        return (last.latents - latent()).square().sum().item()

    assert excess(True) < 0.5 * excess(False)


@pytest.mark.parametrize(("stochastic", "passes"), [(True, 1), (False, 2)])
def test_every_step_is_reported(stochastic, passes):
    ticks = []
    drag = settings(stochastic)
    list(drag_latents(flat, latent(), HANDLES, drag, 0, on_step=lambda: ticks.append(1)))
    assert len(ticks) == 3 * 12 * passes == drag.plan(HANDLES[0], 8) * drag.steps


@pytest.mark.parametrize("stochastic", [True, False])
def test_a_sub_drag_depends_on_its_latent_alone(stochastic):
    """Gains can remember a trajectory: a new one begins on every way that evaluates a denoiser."""
    made = []

    class Remembering:
        schedule = TABLE

        def __init__(self):
            self.seen = []
            made.append(self)

        def __call__(self, x, t):
            self.seen.append(t.item())
            return FLAT(x, t) * (1 + 0.01 * len(self.seen))

    drag = settings(stochastic)
    whole = list(drag_latents(Remembering, latent(), HANDLES, drag, 0))
    ways = [each.seen for each in made if each.seen]
    assert len(ways) == 3 * (1 if stochastic else 2)
    assert all(seen in (sorted(seen), sorted(seen, reverse=True)) for seen in ways)
    stored = [whole[0].latents]

    def keep(make):
        return stored.pop() if stored else make()

    rest = drag_latents(Remembering, latent(), HANDLES, drag, 0, keep=keep)
    for found, expected in zip(rest, whole, strict=True):
        assert torch.equal(found.latents, expected.latents)


def test_second_order_solvers_fit():
    for stochastic in (True, False):
        drag = settings(stochastic, DPMSolverPP(2, stochastic=stochastic))
        *_, last = drag_latents(flat, latent(), HANDLES, drag, 0)
        assert bool(last.latents.isfinite().all())


def test_solvers_that_do_not_fit_are_refused_by_name():
    with pytest.raises(InputError, match="Churn"):
        settings(solver=Churn(noise=None, steps=20))
    with pytest.raises(InputError, match="DDIM"):
        settings(stochastic=False, solver=DDIM(1.0))


@pytest.mark.parametrize("stochastic", [True, False])
def test_a_row_does_not_depend_on_its_batch(stochastic):
    moves = [*HANDLES, [Handle(5.0, 2.0, 0.0, 3.0)]]
    both, alone = torch.cat([latent(0), latent(1)]), latent(1)
    *_, many = drag_latents(flat, both, moves, settings(stochastic), 0, [0, 1])
    *_, one = drag_latents(flat, alone, moves[1:], settings(stochastic), 0, [1])
    assert_equal_to_rounding(many.latents[1:], one.latents)


def test_rows_of_other_lengths_are_refused():
    moves = [*HANDLES, [Handle(5.0, 2.0, 0.0, 1.0)]]
    with pytest.raises(InputError, match="^moves"):
        next(drag_latents(flat, latent().repeat(2, 1, 1, 1), moves, settings(), 0, [0, 1]))
