"""Measures where the answer is known, and intervals that hold what they promise."""

import math

import pytest
import torch

from yuragi.errors import InputError
from yuragi.research.metrics.diversity import Neighbours, vendi
from yuragi.research.metrics.figure import Figure
from yuragi.research.metrics.frechet import frechet_distance
from yuragi.research.metrics.halves import half_sets, halves_interval
from yuragi.research.metrics.inception_score import inception_score
from yuragi.research.metrics.kernel import Kernels

F64 = torch.float64


def normal(n, d, seed, scale=1.0, shift=0.0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, generator=generator, dtype=F64) * scale + shift


def kernel_distance(generated, real):
    return Kernels.between(generated, real).of(torch.arange(len(generated)))


def test_frechet_of_gaussians():
    """N(0, 1) to N(1, 4) in d dimensions: d (1 + (2 - 1)^2), up to the bias of finite sets."""
    found = frechet_distance(normal(40_000, 3, 0), normal(40_000, 3, 1, scale=2.0, shift=1.0))
    assert found == pytest.approx(3 * 2, rel=0.02)


def test_the_kernel_distance_has_no_bias():
    """Equal laws, sets of 20: the Frechet distance is far above 0, this one is 0 on average."""
    values = torch.tensor(
        [kernel_distance(normal(20, 4, s), normal(20, 4, 10_000 + s)) for s in range(600)],
        dtype=F64,
    )
    assert values.mean().abs() < 3 * values.std() / math.sqrt(len(values))
    assert (values < 0).any()
    assert kernel_distance(normal(20, 4, 0), normal(20, 4, 1, shift=2.0)) > values.max()


def test_vendi_of_different_pictures_is_their_number():
    assert vendi(torch.eye(7)) == pytest.approx(7)


def test_inception_score_of_sure_and_even_answers_is_the_number_of_classes():
    assert inception_score(60 * torch.eye(10).repeat(3, 1)) == pytest.approx(10)
    assert inception_score(60 * torch.eye(10)[:1].repeat(9, 1)) == pytest.approx(1)


def test_neighbours_of_equal_laws():
    """Density 1, and coverage 1 - 2^-k for large sets (Naeem et al., equation 11)."""
    seen = Neighbours.between(normal(1500, 2, 0), normal(1500, 2, 1), k=3)
    assert seen.density == pytest.approx(1, abs=0.08)
    assert seen.coverage == pytest.approx(1 - 2**-3, abs=0.03)


def test_intervals_of_halves_are_those_of_the_mean():
    ratios = []
    for s in range(20):
        rows = normal(400, 1, s)
        found = halves_interval(lambda x: float(x.mean()), rows)
        want = 2 * 1.96 * rows.std().item() / math.sqrt(400)
        ratios.append((found.high - found.low) / want)
    assert sum(ratios) / len(ratios) == pytest.approx(1, rel=0.1)


def test_intervals_of_halves_hold_the_truth():
    """95 of 100, within three standard errors, for a measure that is not linear."""
    held = 0
    for s in range(200):
        found = halves_interval(lambda x: float(x.square().mean().sqrt()), normal(200, 1, s))
        held += found.low <= 1 <= found.high
    assert held > 200 * (0.95 - 3 * math.sqrt(0.95 * 0.05 / 200))


def test_halves_have_no_repeats_and_are_shared():
    halves = half_sets(11, draws=20)
    assert halves.shape == (20, 5)
    assert all(len(set(half.tolist())) == 5 for half in halves)
    assert torch.equal(halves, half_sets(11, draws=20))
    with pytest.raises(InputError, match="n must be"):
        half_sets(3)


def test_a_figure_needs_all_of_itself():
    told = dict(value=2.0, low=1.0, high=3.0, n=10, against=0, backend="clip", seeds="0-9")
    assert str(Figure("KID", **told)) == "KID 2 [1, 3] (n 10, clip, seeds 0-9)"
    for name, wrong in (("n", 0), ("backend", ""), ("seeds", ""), ("low", 2.5)):
        with pytest.raises(InputError):
            Figure("KID", **{**told, name: wrong})
