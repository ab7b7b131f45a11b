"""Intervals against known laws."""

import pytest
import torch

from yuragi.errors import InputError
from yuragi.research.metrics.halves import half_sets
from yuragi.research.metrics.intervals import mean_interval, spread_interval

TRIALS = 2000
FEW = 0.95 - 4 * (0.95 * 0.05 / TRIALS) ** 0.5
"""A coverage that is four standard errors too low."""


def normal(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("n", [2, 3, 9, 40])
def test_an_interval_of_a_mean_holds_the_truth_with_few_values(n):
    found = [mean_interval(values) for values in normal(TRIALS, n, seed=n)]
    held = sum(each.low <= 0 <= each.high for each in found) / TRIALS
    assert FEW < held < 0.97


def test_values_that_are_equal_have_no_interval():
    assert mean_interval(torch.full((5,), 0.25)) == (0.25, 0.25, 0.25)


def test_one_value_is_too_few():
    with pytest.raises(InputError, match="values must be two or more"):
        mean_interval(torch.zeros(1))


def test_an_interval_from_few_halves_holds_the_truth():
    """As often as with many: it does not depend on the ends of the sorted halves."""
    halves, held = half_sets(200, draws=30), 0
    for values in normal(TRIALS, 200):
        found = spread_interval(float(values.mean()), values[halves].mean(1))
        held += found.low <= 0 <= found.high
    assert held / TRIALS > 0.93


def test_only_the_spread_of_the_resamples_matters():
    assert spread_interval(1.0, torch.arange(9.0)) == spread_interval(1.0, torch.arange(9.0) + 7)
