"""Whether a denoiser tells captions apart, against one that knows the mouth exactly."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch

from yuragi.core import SeededNoise, VPSchedule
from yuragi.research.bench.words import LEVELS, bench_words, compared, errors, renamed
from yuragi.research.train.measure import whole_caption
from yuragi.research.train.portraits import ATTRIBUTES, portrait

MOUTHS = ATTRIBUTES["mouth"]
ROWS = [portrait("validation", k).labels for k in range(6)]


def codes(texts):
    """One-hot latents [b, 1, 1, mouths] of the mouth that each text names."""
    return torch.stack([torch.tensor([float(v in text) for v in MOUTHS]) for text in texts])[
        :, None, None
    ]


@dataclass
class Knowing:
    """x0_hat is exactly what the prompt says of the mouth, and other words change nothing."""

    schedule = VPSchedule()
    prompts: list[str]

    def __call__(self, x, t):
        return codes(self.prompts)


Z = codes([row["mouth"] for row in ROWS])


def errors_of(rows):
    prompts = [whole_caption(row, 0, k) for k, row in enumerate(rows)]
    noise = SeededNoise(0)
    return errors(SimpleNamespace(bind=Knowing), Z, prompts, [noise(k, Z) for k in range(4)])


def test_the_error_of_a_wrong_word_is_the_distance_of_its_picture():
    right = errors_of(ROWS)
    wrong = [renamed(row, "mouth", 0, k) for k, row in enumerate(ROWS)]
    torch.testing.assert_close(right, torch.zeros(6, dtype=torch.float64))
    expected = sum(2 / len(MOUTHS) / level**2 for level in LEVELS)
    torch.testing.assert_close(errors_of(wrong), torch.full_like(right, expected))


def test_a_word_that_changes_nothing_raises_nothing():
    wrong = [renamed(row, "eyebrows", 0, k) for k, row in enumerate(ROWS)]
    torch.testing.assert_close(errors_of(wrong), errors_of(ROWS))


def test_ties_count_half_and_the_rise_is_relative():
    true = torch.tensor([1.0, 2.0, 4.0, 4.0], dtype=torch.float64)
    tied = compared(true, true)
    assert tied["told_apart"]["value"] == 0.5
    assert tied["rise"] == {"value": 0, "low": 0, "high": 0}
    found = compared(true, true * torch.tensor([1.5, 1.5, 1.5, 0.5]))
    assert found["told_apart"]["value"] == 0.75
    assert found["rise"]["value"] == pytest.approx(0.25)


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_one_label_is_replaced_by_another_value(name):
    for k, row in enumerate(ROWS):
        other = renamed(row, name, 3, k)
        assert other == renamed(row, name, 3, k)
        assert other[name] in ATTRIBUTES[name]
        assert {n for n in row if row[n] != other[n]} == {name}
    assert len({renamed(ROWS[0], name, seed, 0)[name] for seed in range(20)}) > 1


@pytest.mark.slow
def test_the_shipped_model_knows_its_backgrounds(tmp_path):
    done = []
    report = bench_words(
        "portraits", tmp_path, 8, 0, torch.device("cpu"), lambda *counts: done.append(counts)
    )
    assert done == [(8, 8)]
    assert set(report["attributes"]) == set(ATTRIBUTES)
    background = report["attributes"]["background"]
    assert background["told_apart"]["value"] == 1
    assert background["rise"]["low"] > 0
