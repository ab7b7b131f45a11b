"""Noise is a function of (seed, sample, stream, step) and nothing else."""

import hashlib
import math

import numpy as np
import pytest
import torch
from scipy import stats

from yuragi.core import RecordedNoise, SeededNoise, no_noise
from yuragi.errors import InputError

WORD = 2**64


def philox(counter, key):
    """Ten rounds of Philox 4x64; Salmon et al. 2011, section 3.3. Plain integers, no library."""
    a, b, c, d = counter
    low, high = key
    for _ in range(10):
        first, second = 0xD2E7470EE14C6C93 * a, 0xCA5A826395121157 * c
        a, b, c, d = second // WORD ^ b ^ low, second % WORD, first // WORD ^ d ^ high, first % WORD
        low, high = (low + 0x9E3779B97F4A7C15) % WORD, (high + 0xBB67AE8584CAA73B) % WORD
    return a, b, c, d


def by_hand(seed, sample, step, stream, count):
    """The first numbers of a stream, from the formulas in the docstring."""
    name = f"{seed}/{sample}/{step}/{stream}".encode()
    hashed = int.from_bytes(hashlib.blake2b(name, digest_size=16).digest(), "big")
    key = hashed % WORD, hashed // WORD
    blocks = range(1, count // 4 + 2)  # NumPy counts its first block as number 1
    words = [word for block in blocks for word in philox((block, 0, 0, 0), key)]
    z = []
    for first, second in zip(words[::2], words[1::2], strict=True):
        u, v = (((word >> 11) + 0.5) / 2**53 for word in (first, second))
        radius, angle = math.sqrt(-2 * math.log(u)), 2 * math.pi * v
        z += [radius * math.cos(angle), radius * math.sin(angle)]
    return z[:count]


def first_bits(seed, samples):
    """The first 128 bits of every sample's stream at step 0, as four float32 numbers each."""
    z = SeededNoise(seed, samples)(0, torch.zeros(len(samples), 4))
    return {row.tobytes() for row in z.numpy()}


def test_a_sample_has_the_same_noise_in_any_batch_and_order():
    eight = SeededNoise(7)(3, torch.zeros(8, 4, 5))
    alone = SeededNoise(7, samples=[5])(3, torch.zeros(1, 4, 5))
    mixed = SeededNoise(7, samples=[6, 5, 0])(3, torch.zeros(3, 4, 5))
    assert torch.equal(eight[5:6], alone)
    assert torch.equal(mixed, eight[[6, 5, 0]])


def test_every_part_of_the_key_matters():
    like = torch.zeros(2, 500)
    draws = [
        SeededNoise(7)(3, like),
        SeededNoise(8)(3, like),
        SeededNoise(7)(4, like),
        SeededNoise(7, stream="start")(3, like),
    ]
    rows = torch.cat(draws)
    assert (torch.corrcoef(rows) - torch.eye(8)).abs().max() < 0.2


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (SeededNoise(7226, stream="start"), SeededNoise(15499, stream="start")),
        (SeededNoise(0, [39629], "start"), SeededNoise(0, [47290], "start")),
    ],
)
def test_keys_that_32_bits_do_not_tell_apart(first, second):
    """Each of these pairs drew one picture while a key was cut to 32 bits."""
    like = torch.zeros(1, 4, 8, 8)
    assert not torch.isclose(first(0, like), second(0, like)).any(dim=-1).all()
    assert (first(0, like) * second(0, like)).mean().abs() < 4 / math.sqrt(256)


def test_no_two_of_100_000_keys_agree():
    """With 32 bits of the key one pair is expected to."""
    samples = first_bits(0, range(50_000))
    seeds = set().union(*(first_bits(seed, [0]) for seed in range(1, 50_001)))
    assert len(samples | seeds) == 100_000


@pytest.mark.slow
def test_no_two_of_4_million_keys_agree():
    """With 32 bits of the key 1,863 pairs are expected to."""
    drawn = set()
    for seed in range(4):
        for begin in range(0, 1_000_000, 50_000):
            drawn |= first_bits(seed, range(begin, begin + 50_000))
    assert len(drawn) == 4_000_000


def test_standard_normal():
    """Kolmogorov-Smirnov over 2 million numbers, and both numbers of a pair unrelated."""
    z = SeededNoise(0)(0, torch.zeros(20, 100_000)).double()
    assert stats.kstest(z.flatten().numpy(), "norm").pvalue > 0.01
    assert abs(z.mean().item()) < 4 / math.sqrt(2e6)
    assert abs(z.square().mean().item() - 1) < 4 * math.sqrt(2 / 2e6)
    even, odd = z[:, ::2], z[:, 1::2]
    for first, second in ((even, odd), (even.square() - 1, odd.square() - 1)):
        assert abs((first * second).mean().item()) < 4 * (first * second).std() / 1e3
    # The largest of 2 million is below 4.5 with a probability of 1 in 900.
    assert 4.5 < z.abs().max() < 6.5


def test_the_published_words_of_philox():
    """The first two of the known answers for philox4x64 10 in the authors' Random123."""
    assert philox((0, 0, 0, 0), (0, 0)) == (
        0x16554D9ECA36314C,
        0xDB20FE9D672D0FDC,
        0xD7E772CEE186176B,
        0x7E68B68AEC7BA23B,
    )
    full = WORD - 1
    assert philox((full,) * 4, (full, full)) == (
        0x87B092C3013FE90B,
        0x438C3C67BE8D0224,
        0x9CC7D7C69CD777B6,
        0xA09CAEBF594F0BA0,
    )


@pytest.mark.parametrize("shape", [(), (1,), (7,), (3, 2, 2)])
def test_the_numbers_are_those_of_the_formula(shape):
    """Recorded results name a seed: the numbers must never change without `NOISE_VERSION`."""
    z = SeededNoise(1234, [5, 2**40], "start")(3, torch.zeros(2, *shape))
    expected = [by_hand(1234, sample, 3, "start", math.prod(shape)) for sample in (5, 2**40)]
    # A last bit of float64 may fall to the other side of a float32 on another machine.
    np.testing.assert_allclose(z.reshape(2, -1), expected, rtol=2e-7)


def test_dtype_follows_like_and_the_numbers_do_not():
    double = SeededNoise(1)(0, torch.zeros(2, 3, dtype=torch.float64))
    assert double.dtype == torch.float64
    assert torch.equal(double.float(), SeededNoise(1)(0, torch.zeros(2, 3)))


def test_recorded_and_none():
    noise = RecordedNoise([torch.ones(1, 2), torch.zeros(1, 2)])
    assert torch.equal(noise(0, torch.zeros(1, 2)), torch.ones(1, 2))
    assert no_noise(0, torch.zeros(1, 2)) is None
    with pytest.raises(InputError, match="step"):
        noise(2, torch.zeros(1, 2))
    with pytest.raises(InputError, match="samples"):
        SeededNoise(0, samples=[1, 2])(0, torch.zeros(3, 2))


def test_there_are_as_many_seeds_as_rows():
    with pytest.raises(InputError, match=r"^seed .*as many as the batch: 3.*\(1, 2\)"):
        SeededNoise([1, 2])(0, torch.zeros(3, 4))


def test_a_seed_of_numpy_is_an_integer():
    like = torch.zeros(2, 4)
    assert torch.equal(SeededNoise(np.int64(7))(0, like), SeededNoise(7)(0, like))
