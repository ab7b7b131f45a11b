"""The score of mismatch on Gaussian pictures: it grows with the true KL divergence."""

import pytest
import torch

from yuragi.core import VPSchedule
from yuragi.edit.mismatch import mismatch, outside, places

F64 = torch.float64
SIDE, CHANNELS = 12, 4


def covariance():
    """Smooth pictures and a little grain: neighbours agree over about two cells."""
    at = torch.cartesian_prod(torch.arange(SIDE), torch.arange(SIDE)).to(F64)
    distance = torch.cdist(at, at)
    return 0.9 * torch.exp(-((distance / 2) ** 2)) + 0.02 * torch.eye(SIDE**2, dtype=F64)


class Field:
    """N(0, C) pictures at one noise level: their law, and what the model sees in a state."""

    def __init__(self, level):
        self.alpha, self.sigma = VPSchedule()(torch.tensor(level, dtype=F64))
        values, self.vectors = torch.linalg.eigh(covariance())
        self.variances = self.alpha**2 * values.clamp(min=0) + self.sigma**2

    def draw(self, count, ratio, shift, seed=0):
        """States with `ratio` times the law's variances, moved by `shift` of its deviations."""
        generator = torch.Generator().manual_seed(seed)
        z = torch.randn(count, CHANNELS, SIDE**2, generator=generator, dtype=F64)
        x = (ratio**0.5 * z + shift) * self.variances.sqrt() @ self.vectors.T
        return x.reshape(count, CHANNELS, SIDE, SIDE)

    def eps(self, x):
        """Sigma times the negative score."""
        flat = x.flatten(2) @ self.vectors / self.variances @ self.vectors.T
        return (self.sigma * flat).reshape(x.shape)


def kl(ratio, shift):
    return 0.5 * (ratio - 1 - torch.tensor(ratio).log().item() + shift**2)


FAMILIES = {
    "too loud": [(r, 0.0) for r in (1.0, 1.3, 1.8, 3.0, 6.0)],
    "too quiet": [(r, 0.0) for r in (1.0, 0.8, 0.5, 0.25, 0.1)],
    "moved": [(1.0, s) for s in (0.0, 0.4, 0.8, 1.5, 3.0)],
    "both": [(1.0, 0.0), (1.2, 0.3), (1.8, 0.8), (3.0, 1.5), (6.0, 3.0)],
}


@pytest.mark.parametrize("level", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)
def test_the_score_grows_with_kl(family, level):
    field = Field(level)
    reference = places(field.eps(field.draw(64, 1.0, 0.0, seed=1)))
    scores = [
        mismatch(places(field.eps(field.draw(64, *edit))), reference).mean().item()
        for edit in family
    ]
    assert [kl(*edit) for edit in family] == sorted(kl(*edit) for edit in family)
    assert scores == sorted(scores)
    assert scores[-1] > 1.5 * scores[0]


def test_the_same_state_has_no_mismatch():
    field = Field(0.5)
    found = places(field.eps(field.draw(3, 1.0, 0.0)))
    assert mismatch(found, found).abs().max() == 0


def test_the_kept_outside_is_a_reference():
    """A loud patch inside a mask is seen there, against the mean of the outside."""
    field, mask = Field(0.5), torch.zeros(1, 1, SIDE, SIDE, dtype=F64)
    mask[..., 3:9, 3:9] = 1
    x = field.draw(32, 1.0, 0.0)
    quiet = mismatch(places(field.eps(x)), outside(field.eps(x), mask))
    loud = torch.where(mask > 0, field.draw(32, 9.0, 0.0, seed=2), x)
    score = mismatch(places(field.eps(loud)), outside(field.eps(loud), mask))
    inside = mask.expand_as(score) > 0
    assert score[inside].mean() > 2 * quiet[inside].mean()
    whole = outside(field.eps(x), torch.zeros_like(mask))
    assert torch.allclose(whole.energy, field.eps(x).square().mean((1, 2, 3), keepdim=True))
