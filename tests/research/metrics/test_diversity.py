"""Coverage, precision and the Vendi score on sets whose values are known."""

import pytest
import torch

from yuragi.errors import InputError
from yuragi.research.metrics.diversity import Neighbours, coverage, vendi


def clusters(centres, each, seed=0):
    generator = torch.Generator().manual_seed(seed)
    spread = 0.1 * torch.randn(len(centres) * each, 2, generator=generator)
    return torch.tensor(centres).repeat_interleave(each, 0) + spread


def test_a_dropped_mode_costs_its_share_of_coverage():
    real = clusters([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0], [10.0, 10.0]], 50)
    generated = clusters([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]], 50, seed=1)
    assert coverage(real, real) == 1
    assert 0.7 <= coverage(generated, real) <= 0.75
    assert Neighbours.between(generated, real).precision > 0.9
    assert Neighbours.between(clusters([[5.0, 5.0]], 50), real).precision == 0


def test_vendi_counts_what_differs():
    basis = torch.eye(6)
    assert vendi(basis) == pytest.approx(6)
    assert vendi(basis[:1].repeat(6, 1)) == pytest.approx(1)
    assert vendi(torch.cat([basis[:2]] * 3)) == pytest.approx(2)


def test_neighbours_are_fewer_than_pictures():
    with pytest.raises(InputError, match="^k[: ]"):
        coverage(torch.zeros(5, 2), torch.zeros(5, 2))
