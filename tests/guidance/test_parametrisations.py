"""Guidance means the same whatever the network predicts and however its states are scaled."""

import pytest
import torch

from guidance.exact import ALL, CLASS, F64, KINDS, VP, at_level, exact, factor, network, normal
from yuragi.guidance import (
    Guided,
    LookAhead,
    Projected,
    Ratio,
    Rescaled,
    RowSum,
    RowSumForward,
    Unclassified,
    constant,
    plain,
)

GAINS = {
    "plain": plain,
    "reg": RowSum(),
    "reg_forward": RowSumForward(),
    "ratio-0": Ratio(gamma=0.0),
    "ratio-1/2": Ratio(gamma=0.5),
    "look-ahead": LookAhead(Ratio(gamma=-0.5)),
    "projected": Projected(plain, parallel=0.2, norm=0.5),
    "rescaled": Rescaled(RowSumForward()),
}


@pytest.mark.parametrize("ratio", [0.2, 0.8, 3.0])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("gain", GAINS.values(), ids=GAINS)
def test_the_guided_x0_is_the_same_in_every_parametrisation(gain, kind, ratio):
    states = normal(16, 2) * (1 + ratio)
    t, x = at_level(VP, ratio, states)
    want = Guided(exact(CLASS), exact(ALL), constant(2.5), gain)(x, t)
    strong, weak = network(kind, CLASS), network(kind, ALL)
    t, x = at_level(strong.schedule, ratio, states)
    got = Guided(strong, weak, constant(2.5), gain)(x, t)
    assert torch.allclose(got, want, rtol=1e-7, atol=1e-8)


# A difference over 0.03 sigma divides the rounding of two evaluations by that step; rescaling
# divides once more, by the standard deviation of these two numbers.
ROUNDING = {"reg_forward": 3e-5, "rescaled": 1e-4}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", GAINS)
def test_in_single_precision(name, kind):
    gain, states = GAINS[name], normal(16, 2, dtype=torch.float32)
    t, x = at_level(VP, 0.8, states.double())
    want = Guided(exact(CLASS), exact(ALL), constant(2.5), gain)(x, t)
    strong, weak = network(kind, CLASS), network(kind, ALL)
    t, x = at_level(strong.schedule, 0.8, states)
    got = Guided(strong, weak, constant(2.5), gain)(x, t)
    assert got.dtype == torch.float32
    assert (got - want).abs().max() < ROUNDING.get(name, 1e-6) * want.abs().max()


# The paper's factor, written for each kind of output: F from the row sums G of the output.
FACTORS = {
    "epsilon": lambda g, a, s: 1 - s * g,
    "sample": lambda g, a, s: a * g,
    "v_prediction": lambda g, a, s: a**2 - a * s * g,
    "flow_prediction": lambda g, a, s: a * (1 - s * g),
}


@pytest.mark.parametrize("kind", FACTORS)
def test_the_factor_is_the_one_published_for_the_output(kind):
    strong, weak = network(kind, CLASS), network(kind, ALL)
    t, x = at_level(strong.schedule, 0.8, normal(16, 2))
    alpha, sigma = strong.schedule(t)
    leaf = x.clone().requires_grad_()
    state, time = strong.prediction.inputs(leaf, t, alpha, sigma)
    out = strong.network(state, time.expand(16), None)
    (sums,) = torch.autograd.grad(out.sum(), leaf)
    found = RowSum()(strong, weak, x, t, torch.tensor(1.0, dtype=F64))
    assert torch.allclose(factor(found), FACTORS[kind](sums, alpha, sigma), atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("gain", [plain, RowSum(), RowSumForward(), Ratio(0.0)], ids=repr)
def test_classifier_guidance_is_guidance_with_the_law_of_everything(gain, kind):
    """A Bayes-optimal classifier of CLASS against the rest gives back the unconditional law."""
    strong, states = network(kind, CLASS), normal(32, 2)

    def log_prob(x, t):
        alpha, sigma = strong.schedule(t)
        return CLASS.log_prob(x, alpha, sigma) - ALL.log_prob(x, alpha, sigma)

    t, x = at_level(VP, 0.7, states)
    want = Guided(exact(CLASS), exact(ALL), constant(3.0), gain)(x, t)
    t, x = at_level(strong.schedule, 0.7, states)
    got = Guided(strong, Unclassified(strong, log_prob), constant(3.0), gain)(x, t)
    assert torch.allclose(got, want, atol=1e-8)
