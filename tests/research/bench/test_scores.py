"""Means of scores, with intervals for the choice of the cases."""

import pytest
import torch

from yuragi.research.bench.scores import means, summary


def test_intervals_hold_the_mean_as_often_as_they_promise():
    generator = torch.Generator().manual_seed(0)
    inside = 0
    for _ in range(200):
        found = summary({"psnr": 30 + 2 * torch.randn(60, generator=generator).double()})
        low, high = found["intervals"]["psnr"]
        inside += low <= 30 <= high
    assert 180 <= inside <= 199  # 190 expected


def test_cases_without_a_value_do_not_count():
    values = torch.tensor([1.0, 3.0, float("nan"), 2.0], dtype=torch.float64)
    few = torch.tensor([5.0, float("nan")], dtype=torch.float64)
    found = summary({"psnr": values, "rare": few})
    assert {name: found[name] for name in ("psnr", "rare")} == {"psnr": 2.0, "rare": 5.0}
    assert found["intervals"]["psnr"] == summary({"psnr": values[[0, 1, 3]]})["intervals"]["psnr"]
    assert "rare" not in found["intervals"]
    assert means({"psnr": values}) == {"psnr": pytest.approx(2.0)}
