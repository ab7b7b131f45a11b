"""Streaming statistics: merging is exact, and the distance is that of the features."""

import pytest
import torch

from yuragi.errors import InputError
from yuragi.research.metrics.frechet import frechet_distance
from yuragi.research.metrics.moments import BLOCKS, Moments, Statistics, frechet_of_moments


def rows(n, d=6, seed=0, shift=0.0):
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(d, d, generator=torch.Generator().manual_seed(9), dtype=torch.float64)
    return torch.randn(n, d, generator=generator, dtype=torch.float64) @ mixing + shift


@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_parts_merge_to_the_whole(shift):
    """Also far from the origin, where sums of squares would lose six digits."""
    x = rows(500, shift=shift)
    merged = sum((Moments.of(part) for part in x.split([1, 99, 0, 300, 100])), Moments.of(x[:0]))
    assert merged.count == 500
    torch.testing.assert_close(merged.mean, x.mean(0), rtol=1e-14, atol=0)
    torch.testing.assert_close(merged.covariance, torch.cov(x.T), rtol=1e-9, atol=1e-9)


def test_the_distance_of_moments_is_that_of_features():
    a, b = rows(80), rows(60, seed=1, shift=0.3)
    want = frechet_distance(a, b)
    assert frechet_of_moments(Moments.of(a), Moments.of(b)) == pytest.approx(want, rel=1e-9)


def statistics(x, order, batch):
    found = Statistics.empty("efflite0", "FD-EffLite0", x.shape[1])
    for part in order.split(batch):
        found = found.add(x[part], part.tolist())
    return found


def test_workers_may_share_the_pictures_in_any_way(tmp_path):
    x, real = rows(400), rows(300, seed=1)
    order = torch.randperm(400, generator=torch.Generator().manual_seed(3))
    one = statistics(x, torch.arange(400), 400)
    halves = [statistics(x, part, 37) for part in order.split(150)]
    for k, half in enumerate(halves):
        half.save(tmp_path / f"{k}.safetensors")
    read = [Statistics.read(tmp_path / f"{k}.safetensors") for k in range(len(halves))]
    merged = read[0] + read[1] + read[2]
    reference = statistics(real, torch.arange(300), 64)
    assert [part.count for part in merged.parts] == [40] * BLOCKS
    want, found = one.frechet(reference), merged.frechet(reference)
    assert found == pytest.approx(want, rel=1e-10)
    assert found.value == pytest.approx(frechet_distance(x, real), rel=1e-9)


def test_the_interval_is_as_wide_as_the_value_scatters():
    real = Moments.of(rows(4000, seed=77))
    reference = Statistics("efflite0", "FD-EffLite0", (real, *[Moments.of(rows(0))] * (BLOCKS - 1)))
    found = [
        statistics(rows(300, seed=s, shift=0.5), torch.arange(300), 300).frechet(reference)
        for s in range(40)
    ]
    values = torch.tensor([each.value for each in found])
    width = sum(each.high - each.low for each in found) / len(found)
    assert 0.7 < width / (2 * 2.26 * values.std().item()) < 1.4


def test_only_like_goes_with_like(tmp_path):
    a = Statistics.empty("efflite0", "FD-EffLite0", 3)
    b = Statistics.empty("clip", "FD-CLIP", 3)
    with pytest.raises(InputError, match="backend"):
        a + b
    with pytest.raises(InputError, match="reference"):
        a.frechet(b)
    (tmp_path / "x.safetensors").write_bytes(b"nothing")
    with pytest.raises(InputError, match="statistics"):
        Statistics.read(tmp_path / "x.safetensors")
