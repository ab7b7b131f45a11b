"""A fill goes on with values and slopes, changes nothing else, and never reads the hole."""

import numpy as np
import pytest
import torch
from skimage.restoration import inpaint_biharmonic

from yuragi.images import fill
from yuragi.images.fill import filled

SMALL, LARGE = 64, 256
"""Sides of pictures whose holes are solved at once, and from coarse to fine."""


def field(side, level):
    """Values of a function of x and y, both from -1 to 1: [1, 1, side, side]."""
    y, x = torch.meshgrid(*[torch.linspace(-1, 1, side, dtype=torch.float64)] * 2, indexing="ij")
    return (level(x, y) * torch.ones_like(x))[None, None].float()


def disc(side, x=0.1, y=-0.05, radius=0.5):
    """[1, 1, side, side], True within a disc."""
    return field(side, lambda a, b: (a - x) ** 2 + (b - y) ** 2) < radius**2


def grain(side, seed=0):
    noise = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.avg_pool2d(noise, 5, 1, 2) * 2 - 1


def test_holes_of_both_sizes_are_tested():
    assert disc(SMALL).sum() < fill.MOST
    assert disc(LARGE).sum() > 2 * fill.MOST


@pytest.mark.parametrize(
    "level",
    [
        lambda x, y: 0.37,
        lambda x, y: 0.3 * x - 0.5 * y,
        lambda x, y: x * y,
        lambda x, y: x**2 - y**2,
        lambda x, y: x**3 - 3 * x * y**2,
        lambda x, y: x * (x**2 + y**2) / 2,  # biharmonic, but not harmonic
    ],
)
def test_solutions_of_the_equation_go_on(level):
    """The stencil is exact up to the third power; enlarging is to less than one level of 255."""
    for side, tolerance in ((SMALL, 1e-5), (LARGE, 1 / 127.5)):
        truth = field(side, level)
        error = (filled(truth, disc(side)) - truth).abs().max()
        assert error < tolerance


@pytest.mark.parametrize("side", [SMALL, LARGE])
def test_an_even_ground_closes_without_a_trace(side):
    truth = torch.full((1, 3, side, side), 101 / 127.5 - 1)
    assert torch.allclose(filled(truth, disc(side)), truth, rtol=0, atol=1e-6)


@pytest.mark.parametrize("side", [SMALL, LARGE])
def test_the_hole_is_not_read_and_all_else_stays(side):
    picture, hole = grain(side), disc(side)
    found = filled(picture, hole)
    assert torch.equal(found.where(~hole, 0), picture.where(~hole, 0))
    assert torch.equal(filled(picture.where(~hole, torch.nan), hole), found)
    assert found.min() >= picture.where(~hole, 1).min()
    assert found.max() <= picture.where(~hole, -1).max()


def test_a_small_hole_is_the_librarys():
    picture, hole = grain(SMALL), disc(SMALL, radius=0.85)
    assert hole.sum() < fill.MOST
    levels = picture[0].permute(1, 2, 0).double().numpy()
    truth = inpaint_biharmonic(levels, hole[0, 0].numpy(), channel_axis=-1)
    found = filled(picture, hole)[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(found, truth, atol=1e-6)


def test_coarse_to_fine_is_the_whole_solution_where_the_picture_is_smooth(monkeypatch):
    picture, hole = field(LARGE, lambda x, y: (3 * x + y).sin() / 2), disc(LARGE)
    stepwise = filled(picture, hole)
    monkeypatch.setattr(fill, "MOST", LARGE**2)
    assert (filled(picture, hole) - stepwise).abs().max() < 0.01


def test_the_same_hole_gives_the_same_wherever_it_is_in_a_larger_picture():
    """Only what lies around a hole decides."""
    picture, hole = grain(LARGE), disc(LARGE)
    wider = [torch.nn.functional.pad(each.float(), (32, 48, 64, 16)) for each in (picture, hole)]
    found = filled(wider[0], wider[1] > 0)[..., 64:-16, 32:-48]
    assert torch.equal(found, filled(picture, hole))


def test_a_hole_may_reach_the_edge():
    picture, hole = field(LARGE, lambda x, y: 0.5 * y), disc(LARGE, x=-1.0)
    assert (filled(picture, hole) - picture).abs().max() < 0.1


def test_little_or_nothing_may_be_known():
    picture = field(LARGE, lambda x, y: 0.5 * y)
    hole = torch.ones_like(picture, dtype=torch.bool)
    assert torch.equal(filled(picture, hole), picture)
    assert torch.equal(filled(picture, ~hole), picture)
    hole[..., 0, :], hole[..., -1, :] = False, False
    # Lines of one pixel at either side: no block of two is known whole.
    assert (filled(picture, hole) - picture).abs().max() < 0.25
    hole[:], hole[..., 3, 5] = True, False
    assert (filled(picture, hole) - picture[..., 3, 5]).abs().max() < 1e-6


def test_the_rim_of_a_very_large_hole_is_close_to_what_is_solved(monkeypatch):
    picture, hole = field(LARGE, lambda x, y: (3 * x + y).sin() / 2), disc(LARGE)
    solved = filled(picture, hole)
    monkeypatch.setattr(fill, "FINEST", fill.MOST)
    enlarged = filled(picture, hole)
    assert not torch.equal(enlarged, solved)
    assert (enlarged - solved).abs().max() < 0.02


def test_it_gives_a_new_picture():
    picture = grain(SMALL)
    assert filled(picture, disc(SMALL) & False).data_ptr() != picture.data_ptr()
