"""Scores of dragged pictures: the truth is perfect, and each fault shows in its own score."""

import pytest
import torch

from yuragi.research.bench.truth import Truth, TruthScorer, seams
from yuragi.research.metrics.features import load_features
from yuragi.research.metrics.hed_lpips import load_hed_lpips

SIDE = 64


def square(left):
    """A textured square on a smooth ramp, and where it is."""
    ramp = torch.linspace(-0.5, 0.5, SIDE).expand(3, SIDE, SIDE).clone()
    area = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    area[20:36, left : left + 16] = True
    generator = torch.Generator().manual_seed(0)
    ramp[:, 20:36, left : left + 16] = torch.rand(3, 16, 16, generator=generator) * 2 - 1
    return ramp[None], area[None]


@pytest.fixture(scope="module")
def known():
    before, source = square(10)
    truth, target = square(34)
    return Truth(before, truth, source, target, [[((18.0, 28.0), (42.0, 28.0))]])


@pytest.fixture(scope="module")
def score(known):
    return TruthScorer(load_features(torch.device("cpu")), load_hed_lpips()).on(known)


def test_areas(known):
    assert torch.equal(known.vacated, known.source)
    assert not (known.change & ~(known.source | known.target)).any()


def test_the_truth_is_perfect(known, score):
    found = {name: float(values) for name, values in score(known.truth).items()}
    assert found["psnr"] == 60
    assert found["registered"] == found["ghost"] == found["seams"] == found["background"] == 0
    assert found["lpips"] == pytest.approx(0, abs=1e-6)


def test_doing_nothing_leaves_a_ghost_and_does_not_arrive(known, score):
    found = score(known.before)
    assert float(found["ghost"]) == 1
    assert float(found["registered"]) > 10
    assert float(found["background"]) == 0


def test_a_block_at_the_edge_is_a_seam(known):
    clean, (seamed,) = float(seams(known.truth, known)), known.truth.clone()
    seamed[:, 24:32, 20:32] = 1.0
    assert clean == 0
    assert float(seams(seamed[None], known)) > 1.5


def test_half_a_pixel_is_no_seam(known):
    shifted = (known.truth + known.truth.roll(1, -1)) / 2
    assert float(seams(shifted, known)) < 0.5
