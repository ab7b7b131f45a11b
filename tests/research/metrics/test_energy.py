"""Energy distance against its definition and closed forms."""

import math

import pytest
import torch

from yuragi.errors import InputError
from yuragi.research.metrics.energy import energy_distance

GENERATOR = torch.Generator().manual_seed(0)


def draws(*shape):
    return torch.randn(shape, generator=GENERATOR, dtype=torch.float64)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_the_definition(d):
    x, y = draws(1500, d), draws(900, d) + 0.3

    def mean(a, b, off):
        distances = (a[:, None] - b).norm(dim=-1)
        return float(distances.sum() / (len(a) * (len(b) - off)))

    want = 2 * mean(x, y, 0) - mean(x, x, 1) - mean(y, y, 1)
    assert math.isclose(energy_distance(x, y), want, rel_tol=1e-9)
    # Any event shape, any order.
    assert math.isclose(energy_distance(y.flip(0)[:, None], x[:, None]), want, rel_tol=1e-9)


def test_two_gaussians():
    # E|N(m, 2)| in closed form; on the line with a shift of 1.
    def folded(m, s):
        tail = m * math.erf(m / (s * math.sqrt(2)))
        return s * math.sqrt(2 / math.pi) * math.exp(-(m**2) / (2 * s**2)) + tail

    want = 2 * folded(1, math.sqrt(2)) - 2 * folded(0, math.sqrt(2))
    found = energy_distance(draws(40000, 1), draws(40000, 1) + 1)
    assert abs(found - want) < 0.02


def test_it_is_unbiased():
    values = torch.tensor([energy_distance(draws(20, 2), draws(30, 2)) for _ in range(400)])
    assert abs(values.mean()) < 4 * values.std() / 20
    assert values.min() < 0


def test_bad_input():
    with pytest.raises(InputError, match="second"):
        energy_distance(draws(5, 2), draws(5, 3))
    with pytest.raises(InputError, match="first"):
        energy_distance(draws(1, 2), draws(5, 2))
