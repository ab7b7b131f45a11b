"""The intent score on a disc that is dragged: the truth is best, and every fault costs its part."""

import math
from dataclasses import asdict

import pytest
import torch

from yuragi.drag.intent import Asked, Intent, intent
from yuragi.drag.wholeness import shipped_wholeness

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
    return Asked(BEFORE, TRUTH, moved, vacated, [(40.0, 64.0)], [(80.0, 64.0)])


def judged(asked, result, excess=0.0):
    surprise = torch.full((2, 1, 32, 32), 0.2)
    surprise[1] += excess
    return intent(asked, result, shipped_wholeness(), surprise, result.shape[-1] // 32)[0]


def test_the_truth_is_perfect(asked):
    found = judged(asked, TRUTH)
    # The edge of the disc lies before other ground than it did.
    assert 0.1 < found.wholeness < 1
    rest = [part for name, part in asdict(found).items() if name != "wholeness"]
    assert rest == pytest.approx([1] * 5, abs=1e-6)


def test_doing_nothing_fails(asked):
    found = judged(asked, BEFORE)
    assert found.arrival < 0.02
    assert found.departure == pytest.approx(math.exp(-7.5))
    assert found.background == found.wholeness == 1
    assert found.score < judged(asked, TRUTH).score / 4


def test_a_copy_that_stays_behind_has_not_left(asked):
    both = TEXTURE.where(disc(40, 64), TRUTH[0])[None]
    found = judged(asked, both)
    assert found.arrival == pytest.approx(1)
    assert found.departure == pytest.approx(math.exp(-7.5))


def test_eight_pixels_short(asked):
    found = judged(asked, scene(72, 64))
    assert found.arrival == pytest.approx(math.exp(-5 / 8), rel=0.01)


def test_noise_on_the_background(asked):
    drift = 0.1 * torch.ones_like(TRUTH)
    outside = ~(disc(40, 64) | disc(80, 64))
    found = judged(asked, (TRUTH + drift).where(outside, TRUTH))
    assert found.background == pytest.approx(math.exp(-1), rel=1e-4)
    assert found.identity == pytest.approx(1)


def test_another_content_is_not_what_was_dragged(asked):
    other = (TRUTH + 0.41).where(disc(80, 64), TRUTH)
    # exp(-1), but for what a shift by a pixel makes up.
    assert math.exp(-1) < judged(asked, other).identity < 0.5


def test_half_of_the_old_content_shines_through(asked):
    mixed = (BEFORE + TRUTH) / 2
    found = judged(asked, mixed)
    assert found.departure == pytest.approx(math.exp(-2.5), rel=1e-3)
    assert found.wholeness < judged(asked, TRUTH).wholeness / 2


def test_blocks_of_colour_are_damage(asked):
    blocks = TRUTH.clone()
    blocks[..., 56:72, 32:48] = torch.tensor([1.0, -1.0, 1.0])[:, None, None]
    assert judged(asked, blocks).wholeness < judged(asked, TRUTH).wholeness / 2


def test_a_model_that_does_not_know_the_picture_is_not_asked(asked):
    assert intent(asked, TRUTH, shipped_wholeness(), None, 4)[0].realism == 1


def test_a_surprised_network(asked):
    assert judged(asked, TRUTH, 0.2).realism == pytest.approx(math.exp(-1), rel=1e-4)
    assert judged(asked, TRUTH, -0.1).realism == 1


def test_surprise_beyond_the_picture_is_not_looked_at(asked):
    """128 pixels, padded to 192 of 24 cells; cells are where the codec puts them."""
    surprise = torch.full((2, 1, 24, 24), 0.2)
    surprise[1, ..., 17:, :] += 9
    surprise[1, ..., 17:] += 9
    assert intent(asked, TRUTH, shipped_wholeness(), surprise, 8)[0].realism == pytest.approx(1)
    surprise[1, ..., 6:10, 3:7] += 9  # around what was vacated
    assert intent(asked, TRUTH, shipped_wholeness(), surprise, 8)[0].realism < 0.01


def test_nothing_vacated_costs_nothing(asked):
    nothing = torch.zeros_like(asked.vacated)
    still = Asked(BEFORE, BEFORE, asked.moved, nothing, asked.sources, asked.targets)
    assert judged(still, BEFORE).departure == 1


def test_larger_pictures_score_alike(asked):
    def doubled(x):
        return torch.nn.functional.interpolate(x.float(), scale_factor=2)

    large = Asked(
        doubled(BEFORE),
        doubled(TRUTH),
        doubled(asked.moved),
        doubled(asked.vacated) > 0,
        [(80.5, 128.5)],
        [(160.5, 128.5)],
    )
    short = judged(large, doubled(scene(72, 64)))
    assert short.arrival == pytest.approx(math.exp(-5 / 8), rel=0.01)


def test_the_score_is_a_geometric_mean_with_a_floor():
    assert Intent(1, 1, 1, 1, 1, 0.5).score == pytest.approx(0.5 ** (1 / 6))
    assert Intent(0, 1, 1, 1, 1, 1).score == pytest.approx(0.01 ** (1 / 6))
