"""Draws of the laboratory are keyed: none depends on how many others there are."""

import pytest
import torch

from yuragi.core.mixture import MixtureDenoiser
from yuragi.research.lab.kl import toy_samples
from yuragi.research.lab.measure import SAMPLING, draw, sampled_levels
from yuragi.research.lab.noise import StateNoise
from yuragi.research.lab.problems import named

LAW = named["2D-autoG"].conditional


@pytest.mark.parametrize("dimension", [1, 2, 3])
def test_a_state_gets_the_same_noise_among_any_number_of_others(dimension):
    noise = StateNoise(5, "steps")
    few, many = (noise(3, torch.zeros(n, dimension, dtype=torch.float64)) for n in (3, 8))
    assert torch.equal(few, many[:3])
    assert many.unique().numel() == many.numel()
    assert not torch.equal(few, noise(4, few))
    assert not torch.equal(few, StateNoise(5, "start")(3, few))
    assert not torch.equal(few, StateNoise(6, "steps")(3, few))


def test_the_noise_is_standard_normal():
    """Its moments, within four standard errors."""
    noise = StateNoise(0, "steps")(0, torch.zeros(20_000, 2, dtype=torch.float64))
    assert noise.mean(0).abs().max() < 4 / 20_000**0.5
    assert (noise.var(0) - 1).abs().max() < 4 * (2 / 20_000) ** 0.5
    assert torch.corrcoef(noise.T)[0, 1].abs() < 4 / 20_000**0.5


def test_a_sample_is_the_same_among_any_number_of_others():
    denoiser = MixtureDenoiser(LAW, SAMPLING)
    few, many = (draw(denoiser, (n, 2), 6, 0) for n in (3, 7))
    torch.testing.assert_close(few, many[:3], rtol=1e-12, atol=1e-12)
    few, many = (toy_samples("narrow", 1.0, n, 6, 0) for n in (3, 7))
    torch.testing.assert_close(few, many[:3], rtol=1e-12, atol=1e-12)


def test_the_states_of_a_level_do_not_depend_on_the_levels_before_it():
    first, second, third = torch.tensor([0.1, 0.5, 2.0], dtype=torch.float64)
    levels = sampled_levels(LAW, torch.stack([first, second]), 5, 0)
    others = sampled_levels(LAW, torch.stack([third, second]), 5, 0)
    assert torch.equal(levels[1].x, others[1].x)
    assert levels[1].noise == pytest.approx(0.5)
    assert not torch.equal(levels[0].x, others[0].x)
