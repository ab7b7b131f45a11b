"""The intent score on a disc that is dragged: the truth is best, and every fault costs its part."""

import math
from dataclasses import asdict

import pytest
import torch

from yuragi.drag.intent import Asked, Intent, intent

SIDE = 128
ROWS, COLUMNS = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
GROUND = (0.3 * torch.sin(COLUMNS / 9.0)).expand(3, SIDE, SIDE)
TEXTURE = torch.stack([torch.cos(ROWS / 3.0), torch.sin(COLUMNS / 4.0), ROWS / 128.0])


def disc(x, y):
    return (COLUMNS - x) ** 2 + (ROWS - y) ** 2 < 14**2


def scene(x, y):
    """The textured disc at (x, y)."""
    moved = torch.roll(TEXTURE, (y - 64, x - 40), (1, 2))
    return moved.where(disc(x, y), GROUND)[None]


BEFORE, TRUTH = scene(40, 64), scene(80, 64)


@pytest.fixture
def asked():
    moved = disc(80, 64)[None, None].float()
    vacated = disc(40, 64)[None, None]
    return Asked(BEFORE, TRUTH, moved, vacated, [(80.0, 64.0)])


def judged(asked, result, excess=0.0):
    surprise = torch.full((2, 1, 32, 32), 0.2)
    surprise[1] += excess
    return intent(asked, result, surprise, result.shape[-1] // 32)[0]


def test_the_truth_is_perfect(asked):
    found = judged(asked, TRUTH)
    assert all(part == pytest.approx(1, abs=1e-6) for part in asdict(found).values())
    assert found.score == pytest.approx(1)


def test_doing_nothing_fails(asked):
    found = judged(asked, BEFORE)
    assert found.arrival < 0.01
    assert found.departure == pytest.approx(0, abs=1e-6)
    assert found.background == pytest.approx(1)
    assert found.score < 0.45


def test_a_copy_that_stays_behind_has_not_left(asked):
    both = TEXTURE.where(disc(40, 64), TRUTH[0])[None]
    found = judged(asked, both)
    assert found.arrival == pytest.approx(1)
    assert found.departure == pytest.approx(0, abs=1e-6)
    assert found.score == pytest.approx(0.1 ** (1 / 5))


def test_eight_pixels_short(asked):
    found = judged(asked, scene(72, 64))
    assert found.arrival == pytest.approx(math.exp(-1), rel=0.01)


def test_noise_on_the_background(asked):
    drift = 0.01 * torch.ones_like(TRUTH)
    outside = ~(disc(40, 64) | disc(80, 64))
    found = judged(asked, (TRUTH + drift).where(outside, TRUTH))
    assert found.background == pytest.approx(math.exp(-1), rel=1e-4)
    assert found.identity == pytest.approx(1)


def test_another_content_is_not_what_was_dragged(asked):
    other = (TRUTH + 0.2).where(disc(80, 64), TRUTH)
    assert judged(asked, other).identity == pytest.approx(math.exp(-1), rel=1e-4)


def test_a_surprised_network(asked):
    assert judged(asked, TRUTH, 0.2).realism == pytest.approx(math.exp(-1), rel=1e-4)
    assert judged(asked, TRUTH, -0.1).realism == 1


def test_surprise_beyond_the_picture_is_not_looked_at(asked):
    """128 pixels, padded to 192 of 24 cells; cells are where the codec puts them."""
    surprise = torch.full((2, 1, 24, 24), 0.2)
    surprise[1, ..., 17:, :] += 9
    surprise[1, ..., 17:] += 9
    assert intent(asked, TRUTH, surprise, 8)[0].realism == pytest.approx(1)
    surprise[1, ..., 6:10, 3:7] += 9  # around what was vacated
    assert intent(asked, TRUTH, surprise, 8)[0].realism < 0.01


def test_nothing_vacated_costs_nothing(asked):
    within = Asked(BEFORE, TRUTH, asked.moved, torch.zeros_like(asked.vacated), asked.targets)
    assert judged(within, TRUTH).departure == 1


def test_larger_pictures_score_alike(asked):
    def doubled(x):
        return torch.nn.functional.interpolate(x.float(), scale_factor=2)

    large = Asked(
        doubled(BEFORE),
        doubled(TRUTH),
        doubled(asked.moved),
        doubled(asked.vacated) > 0,
        [(160.5, 128.5)],
    )
    short = judged(large, doubled(scene(72, 64)))
    assert short.arrival == pytest.approx(math.exp(-1), rel=0.01)


def test_the_score_is_a_geometric_mean_with_a_floor():
    assert Intent(1, 1, 1, 1, 0.5).score == pytest.approx(0.5 ** (1 / 5))
    assert Intent(0, 1, 1, 1, 1).score == pytest.approx(0.1 ** (1 / 5))
