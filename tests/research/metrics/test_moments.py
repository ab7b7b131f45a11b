"""Streaming statistics: merging is exact, and the distance is that of the features."""

from dataclasses import replace
from functools import reduce

import pytest
import torch
from scipy.special import stdtrit

from yuragi.errors import InputError
from yuragi.research.metrics.backends import Backend, Encoded
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


BACKEND = Backend("efflite0", "FD-EffLite0", Encoded, "weights")


def digests(n):
    """Numbers like those of pictures; the parts of statistics get different numbers of them."""
    generator = torch.Generator().manual_seed(5)
    return torch.randint(1 << 62, (n,), generator=generator).tolist()


def statistics(x, order, batch, numbers):
    parts = [
        Statistics.of(BACKEND, x[part], [numbers[k] for k in part.tolist()])
        for part in order.split(batch)
    ]
    return reduce(Statistics.__add__, parts)


def test_workers_may_share_the_pictures_in_any_way(tmp_path):
    x, real, numbers = rows(400), rows(300, seed=1), digests(400)
    order = torch.randperm(400, generator=torch.Generator().manual_seed(3))
    one = statistics(x, torch.arange(400), 400, numbers)
    halves = [statistics(x, part, 37, numbers) for part in order.split(150)]
    for k, half in enumerate(halves):
        half.save(tmp_path / f"{k}.safetensors")
    read = [Statistics.read(tmp_path / f"{k}.safetensors") for k in range(len(halves))]
    merged = read[0] + read[1] + read[2]
    reference = statistics(real, torch.arange(300), 64, digests(300))
    want, found = one.frechet(reference), merged.frechet(reference)
    assert found == pytest.approx(want, rel=1e-10)
    assert found.value == pytest.approx(frechet_distance(x, real), rel=1e-9)
    assert merged.digest == one.digest != halves[0].digest
    assert merged.extractor == one.extractor


@pytest.mark.parametrize(
    "sizes", [[30] * BLOCKS, [150, 90, 40, 20, 0, 0, 0, 0, 0, 0], [100] * 3 + [0] * 7]
)
def test_the_interval_is_as_wide_as_the_value_scatters(sizes):
    """Whether parts are equal, different or empty."""
    reference = statistics(rows(4000, seed=77), torch.arange(4000), 4000, range(4000))
    numbers = [block for block, size in enumerate(sizes) for _ in range(size)]
    found = [
        statistics(rows(300, seed=s, shift=0.5), torch.arange(300), 300, numbers).frechet(reference)
        for s in range(60)
    ]
    values = torch.tensor([each.value for each in found])
    width = sum(each.high - each.low for each in found) / len(found)
    student = stdtrit(sum(size > 0 for size in sizes) - 1, 0.975)
    assert 0.7 < width / (2 * student * values.std().item()) < 1.3


def test_an_interval_needs_pictures_in_two_parts():
    x = rows(40)
    reference = statistics(x, torch.arange(40), 40, digests(40))
    alone = statistics(x, torch.arange(40), 40, [BLOCKS * k for k in range(40)])
    with pytest.raises(InputError, match="different parts"):
        alone.frechet(reference)


def test_only_like_goes_with_like(tmp_path):
    a, b, c = (
        Statistics.of(replace(BACKEND, **other), rows(4), range(4))
        for other in ({}, {"name": "clip", "distance": "FD-CLIP"}, {"weights": "others"})
    )
    for other in (b, c):
        with pytest.raises(InputError, match="backend"):
            a + other
        with pytest.raises(InputError, match="real"):
            a.frechet(other)
    (tmp_path / "x.safetensors").write_bytes(b"nothing")
    with pytest.raises(InputError, match="statistics"):
        Statistics.read(tmp_path / "x.safetensors")
