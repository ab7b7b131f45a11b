"""Checking a model, and what follows from what was found."""

from dataclasses import replace

import pytest

from yuragi.errors import InputError
from yuragi.tasks.check import PROBED, LevelProbe, check_model, recommend


def test_a_random_network_is_probed_at_every_level(tiny):
    seen = []
    found = check_model(
        tiny.loaded, "red hair", samples=2, on_progress=lambda *done: seen.append(done)
    )
    assert found.prediction == "v_prediction"
    assert found.schedule == "TableSchedule"
    assert found.gradients
    assert len(found.levels) == len(PROBED)
    ratios = [level.noise_ratio for level in found.levels]
    assert ratios == sorted(ratios, reverse=True)
    assert all(0 <= level.kappa2 <= 4 for level in found.levels)
    assert seen[-1] == (24, 24)


def test_a_model_without_an_empty_class_is_named(tiny):
    capabilities = replace(tiny.loaded.capabilities, empty=False)
    with pytest.raises(InputError, match="^model must be one that knows an empty prompt"):
        check_model(replace(tiny.loaded, capabilities=capabilities), "red hair")


@pytest.mark.parametrize(
    ("kappa2", "roughness", "gradients", "gain"),
    [
        (0.02, 0.05, True, "ratio"),
        (0.02, 0.05, False, "ratio"),
        (0.9, 0.05, True, "ratio"),
        (0.02, 0.8, True, "reg"),
        (0.02, 0.8, False, "plain"),
    ],
)
def test_recommendations(kappa2, roughness, gradients, gain):
    assert recommend([LevelProbe(1.0, kappa2, roughness)] * 3, gradients)[0] == gain


@pytest.mark.parametrize(
    ("kappa2", "gradients", "words"),
    [
        (0.02, True, "reg_forward is as good"),
        (0.9, True, "use reg, not"),
        (0.9, False, "REG cannot be used"),
    ],
)
def test_symmetry_decides_which_reg(kappa2, gradients, words):
    assert words in recommend([LevelProbe(1.0, kappa2, 0.05)] * 3, gradients)[1]
