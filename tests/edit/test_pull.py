"""The pull of a prompt is the score of its posterior, known for Gaussian classes."""

import pytest
import torch
from torch.distributions import Normal

from yuragi.core import GaussianMixture, MixtureDenoiser, VPSchedule
from yuragi.edit import PromptPull
from yuragi.edit.mismatch import local_mean
from yuragi.guidance import Guided, constant

F64 = torch.float64
VP = VPSchedule()
SIDE, STD = 6, 0.5
MEANS = torch.ones(2, SIDE, SIDE, dtype=F64)
MEANS[1, :, SIDE // 2 :] = -1.0
"""Two classes that differ in the right half."""


def law(*classes):
    k = len(classes)
    return GaussianMixture.diagonal(
        torch.full((k,), 1 / k, dtype=F64),
        MEANS[list(classes)].flatten(1),
        torch.full((k, SIDE**2), STD**2, dtype=F64),
    )


def pulled(x, t, prompt):
    pull = PromptPull()
    strong, weak = (MixtureDenoiser(law(*each), VP) for each in ([prompt], [0, 1]))
    Guided(strong, weak, constant(3.0), watch=pull.watch)(x, t)
    return pull


def states(t, count=5, of=0):
    alpha, sigma = VP(t)
    generator = torch.Generator().manual_seed(0)
    z, eps = torch.randn(2, count, 1, SIDE, SIDE, generator=generator, dtype=F64)
    return alpha * (MEANS[of] + STD * z) + sigma * eps


@pytest.mark.parametrize("level", [0.3, 0.6, 0.9])
def test_it_is_sigma_times_the_score_of_the_prompt_given_the_state(level):
    t = torch.tensor(level, dtype=F64)
    alpha, sigma = VP(t)
    x = states(t).requires_grad_()
    spread = (alpha**2 * STD**2 + sigma**2).sqrt()
    each = torch.stack([Normal(alpha * m, spread).log_prob(x).sum((1, 2, 3)) for m in MEANS])
    score = torch.autograd.grad(each.log_softmax(0)[1].sum(), x)[0]
    want = local_mean((sigma * score).square()).sqrt()
    assert want.max() > 0.01
    assert torch.allclose(pulled(x.detach(), t, prompt=1).taken(), want, atol=1e-10)


def test_it_pulls_only_where_the_prompt_asks_for_something_else():
    t = torch.tensor(0.2, dtype=F64)
    other, same = (pulled(states(t), t, prompt).taken() for prompt in (1, 0))
    assert other.shape == (5, 1, SIDE, SIDE)
    assert other[..., :1].max() < 1e-10  # no cell of the window is in the right half
    assert other[..., -1:].min() > 100 * same.max()


def test_a_reading_is_taken_once():
    """At a level without guidance there is none, and the one before does not count again."""
    t = torch.tensor(0.5, dtype=F64)
    pull = pulled(states(t), t, prompt=1)
    assert pull.taken() is not None
    assert pull.taken() is None
