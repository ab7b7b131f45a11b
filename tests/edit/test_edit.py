"""The formulation of all edits, on data that is known: exact returns, masks, contraction."""

import pytest
import torch

from numeric.moments import SOLVERS
from promises import assert_equal_to_rounding
from yuragi.core import (
    GaussianMixture,
    MixtureDenoiser,
    TableSchedule,
    VPSchedule,
    linear_betas,
    no_noise,
    trailing,
)
from yuragi.edit import (
    Adaptive,
    Edit,
    PromptPull,
    Sampler,
    beside_path,
    chain,
    descent,
    followed,
    independent,
    inverted,
    one_noise,
    resampled,
    where_needed,
)
from yuragi.edit.need import BesideMask
from yuragi.errors import InputError
from yuragi.guidance import Guided, constant
from yuragi.solver import DDIM, Churn

F64 = torch.float64
VP = VPSchedule()
SHAPE = (1, 4, 4)
SAMPLERS = {
    "ode": Sampler(inverted, DDIM()),
    "sde": Sampler(chain, DDIM(1.0), followed),
    "edit-friendly": Sampler(independent, DDIM(1.0), followed),
    "fresh": Sampler(one_noise, DDIM(1.0)),
    "fresh-ode": Sampler(one_noise, DDIM()),
    "adaptive": Sampler(chain, Adaptive(need=beside_path), followed),
    "adaptive-fresh": Sampler(one_noise, Adaptive(), where_needed),
    "churn": Sampler(one_noise, Churn(no_noise, 100)),
    "repaint": Sampler(one_noise, DDIM(1.0), resampled(2)),
}


def blobs(*means, std=0.3):
    """A mixture of pictures of 16 numbers: flat grey levels and independent noise."""
    k = len(means)
    values = torch.tensor(means, dtype=F64)[:, None].expand(k, 16)
    return GaussianMixture.diagonal(
        torch.full((k,), 1 / k, dtype=F64), values, torch.full((k, 16), std**2, dtype=F64)
    )


DARK, LIGHT = (MixtureDenoiser(blobs(mean), VP) for mean in (-1.0, 1.0))


def pictures(count=3, mean=-1.0):
    generator = torch.Generator().manual_seed(0)
    return mean + 0.3 * torch.randn(count, *SHAPE, generator=generator)


def levels(steps, strength=1.0):
    return trailing(VP, steps)[-(round(strength * steps) + 1) :]


@pytest.mark.parametrize("name", [n for n, make in SOLVERS.items() if make(None, 8).recordable])
@pytest.mark.parametrize("encode", [chain, independent, one_noise, inverted])
def test_followed_paths_return_exactly(name, encode):
    """Nothing changed, nothing lost: whatever the way up and the solver."""
    x0 = pictures()
    edit = Edit(DARK, DARK, Sampler(encode, SOLVERS[name](None, 8), followed))
    assert (edit(x0, levels(8), 0, [0, 1, 2]) - x0).abs().max() < 1e-5


def test_the_ode_returns_up_to_its_integration_error():
    x0, edit = pictures(), Edit(DARK, DARK, SAMPLERS["ode"])
    errors = [(edit(x0, levels(n, 0.5), 0, [0, 1, 2]) - x0).abs().max() for n in (50, 200)]
    assert errors[1] < 0.35 * errors[0] < 0.1


@pytest.mark.parametrize("name", SAMPLERS)
def test_every_sampler_brings_the_picture_to_the_target(name):
    x0 = pictures(8)
    out = Edit(DARK, LIGHT, SAMPLERS[name])(x0, levels(100, 0.9), 0, range(8))
    assert out.mean().item() == pytest.approx(1.0, abs=0.1)
    assert out.std().item() == pytest.approx(0.3, abs=0.08)


def test_followed_edits_keep_what_both_conditions_share():
    """The deviations of a picture survive a translation, with fresh noise they do not."""
    x0 = pictures(8)

    def kept(name):
        out = Edit(DARK, LIGHT, SAMPLERS[name])(x0, levels(100, 0.9), 0, range(8))
        return torch.corrcoef(torch.stack([x0.flatten(), out.flatten()]))[0, 1].item()

    assert kept("ode") > 0.95
    assert kept("sde") > 0.95
    assert kept("edit-friendly") > 0.95
    assert kept("fresh") < 0.5


@pytest.mark.parametrize("name", SAMPLERS)
def test_outside_the_mask_nothing_changes(name):
    x0, mask = pictures(2), torch.zeros(1, 1, 4, 4)
    mask[..., 1:3, 1:3] = 1
    out = Edit(DARK, LIGHT, SAMPLERS[name])(x0, levels(10, 0.8), 0, [0, 1], mask)
    outside = mask.expand_as(x0) == 0
    assert torch.equal(out[outside], x0[outside])
    assert (out - x0)[~outside].abs().min() > 0


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_row_does_not_depend_on_its_batch(name):
    x0 = pictures(3)
    edit = Edit(DARK, LIGHT, SAMPLERS[name])
    together = edit(x0, levels(6), 7, [4, 5, 6])
    alone = edit(x0[1:2], levels(6), 7, [5])
    assert_equal_to_rounding(together[1:2], alone)
    other = edit(x0[1:2], levels(6), 7, [5], stream="again ")
    assert (name == "ode") == torch.equal(alone, other)


def test_noise_repairs_a_pasted_block_and_the_ode_does_not():
    """The paper's claim on a law where it can be measured: the mismatch left at the clean end."""
    law = blobs(-1.0, std=0.1)
    denoiser, x0 = MixtureDenoiser(law, VP), -1 + (pictures(64) + 1) / 3

    def paste(path):
        top = path[-1].clone()
        top[..., :2, :2] *= 3
        return top

    def mismatch(sampler):
        out = Edit(denoiser, denoiser, sampler, paste)(x0, levels(200, 0.5), 0, range(64))
        return (out[..., :2, :2].var() / 0.01 - 1).abs().item()

    ode, fresh = (mismatch(SAMPLERS[name]) for name in ("ode", "fresh"))
    assert fresh < 0.3
    assert ode > 3


def test_an_adaptive_edit_that_changes_nothing_returns_exactly():
    """No misfit, no noise: the path is followed."""
    x0 = pictures()
    out = Edit(DARK, DARK, SAMPLERS["adaptive"])(x0, levels(8), 0, [0, 1, 2])
    assert (out - x0).abs().max() < 1e-5


def test_adaptive_noise_is_drawn_where_the_misfit_is():
    """Beside its own reference: all of it in a wrong patch, none far from it, none near the end."""
    side, cells = 12, 144
    law = GaussianMixture.diagonal(
        torch.ones(1, dtype=F64),
        torch.full((1, cells), -1.0, dtype=F64),
        torch.full((1, cells), 0.01, dtype=F64),
    )
    denoiser = MixtureDenoiser(law, VP)
    t, s = torch.tensor(0.5, dtype=F64), torch.tensor(0.49, dtype=F64)
    alpha, sigma = (value.float() for value in VP(t))
    generator = torch.Generator().manual_seed(0)
    z, eps = torch.randn(2, 8, 1, side, side, generator=generator)
    x = alpha * (-1 + 0.1 * z) + sigma * eps
    edited = x.clone()
    edited[..., :4, :4] *= 2
    std = Adaptive(need=beside_path).step(denoiser, torch.cat([edited, x]), t, s)[0].std
    full = Adaptive().step(denoiser, x, t, s)[0].std.item()
    assert std.shape == (16, 1, side, side)
    assert torch.equal(std[:8], std[8:])  # both halves are one noise
    assert torch.allclose(std[..., :4, :4], torch.tensor(full))
    assert std[..., 6:, 6:].abs().max() == 0
    late = torch.tensor([0.05, 0.04], dtype=F64)
    assert not Adaptive(need=beside_path).step(denoiser, torch.cat([edited, x]), *late)[0].noisy


def test_adaptive_noise_stays_in_the_hole():
    mask = torch.zeros(1, 1, 4, 4)
    mask[..., :2, :2] = 1
    times = torch.tensor([0.5, 0.49], dtype=F64)
    std = Adaptive(need=BesideMask(mask)).step(DARK, pictures(64), *times)[0].std
    assert std[..., 2:, :].abs().max() == std[..., :, 2:].abs().max() == 0
    assert std[..., :2, :2].min() > 0


def redrawn(x0, sampler, target, pull=None, seed=0):
    edit = Edit(DARK, target, SAMPLERS[sampler], pull=pull)
    return edit(x0, levels(50, 0.25), seed, range(len(x0)))


def guided(prompt, scale=3.0):
    """A mixture of dark and light pictures, guided to one of them, and the gauge of its pull."""
    pull, both = PromptPull(), MixtureDenoiser(blobs(-1.0, 1.0), VP)
    return Guided(prompt, both, constant(scale), watch=pull.watch), pull


def test_adaptive_redrawing_adds_noise_where_the_prompt_pulls():
    """None for pictures that fit the prompt, which is the ODE then; some for those that do not."""
    x0 = pictures(8)
    fits, pull = guided(DARK)
    ode = redrawn(x0, "fresh-ode", fits)
    assert_equal_to_rounding(redrawn(x0, "adaptive-fresh", fits, pull), ode)
    differs, pull = guided(LIGHT)
    one, other = (redrawn(x0, "adaptive-fresh", differs, pull, seed) for seed in (0, 1))
    assert (one - other).abs().max() > 0.1


def test_adaptive_redrawing_without_guidance_is_the_sde():
    x0 = pictures(8)
    assert torch.equal(redrawn(x0, "adaptive-fresh", LIGHT), redrawn(x0, "fresh", LIGHT))


def test_adaptive_redrawing_adds_no_noise_at_levels_without_guidance():
    x0 = pictures(2)
    off, pull = guided(DARK, scale=1.0)  # the weak side is not evaluated
    out = redrawn(x0, "adaptive-fresh", off, pull)
    assert_equal_to_rounding(out, redrawn(x0, "fresh-ode", DARK))


def test_a_small_budget_takes_less_noise():
    long, short = (torch.tensor(pair, dtype=F64) for pair in ([0.9, 0.3], [0.9, 0.89]))
    x = pictures(2)

    def share(times):
        std = Adaptive().step(DARK, x, *times)[0].std
        return (std / DDIM(1.5).step(DARK, x, *times)[0].std).item()

    assert share(short) == pytest.approx(1, rel=1e-5)
    assert share(long) < 0.4


def test_what_cannot_be_followed_or_joined():
    with pytest.raises(InputError, match="^solver[: ].*Churn"):
        Sampler(chain, Churn(None, 8), followed)
    other = MixtureDenoiser(blobs(1.0), VPSchedule(beta_max=10.0))
    with pytest.raises(InputError, match=r"^target\.schedule"):
        Edit(DARK, other, SAMPLERS["sde"])


def test_progress_counts_the_steps_that_ask_the_network():
    for name, sampler in SAMPLERS.items():
        ticks = []

        def tick(step, x, ticks=ticks):
            ticks.append(step)
            return x

        Edit(DARK, LIGHT, sampler)(pictures(1), levels(5), 0, [0], watch=tick)
        assert len(ticks) == 5 * sampler.passes, name


def test_more_steps_than_a_table_has():
    table = TableSchedule.from_betas(linear_betas(steps=20))
    with pytest.raises(InputError, match="^num_inference_steps must be 1 to 20"):
        descent(table, 21, 0.5)
