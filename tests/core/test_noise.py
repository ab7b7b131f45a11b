"""Noise is a function of (seed, sample, stream, step) and nothing else."""

import pytest
import torch

from yuragi.core import RecordedNoise, SeededNoise, no_noise
from yuragi.errors import InputError


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


def test_standard_normal():
    z = SeededNoise(0)(0, torch.zeros(400, 100))
    assert abs(z.mean().item()) < 0.02
    assert abs(z.std().item() - 1) < 0.02


def test_the_key_is_stable_between_versions():
    # Recorded results name a seed: these numbers must never change.
    z = SeededNoise(1234, stream="start")(0, torch.zeros(1, 4))
    assert z[0].tolist() == pytest.approx(STABLE, abs=1e-6)


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


STABLE = [-1.020062, 1.469434, 0.329776, 0.09475]
