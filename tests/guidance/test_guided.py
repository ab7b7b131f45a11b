"""Guidance is a denoiser made of two; only what is needed is evaluated."""

import pytest
import torch

from numeric.moments import BIMODAL, F64, GAUSSIAN, SCHEDULES
from yuragi.core import (
    Counting,
    EDMSchedule,
    GaussianMixture,
    MixtureDenoiser,
    NetworkDenoiser,
    v_prediction,
)
from yuragi.errors import InputError
from yuragi.guidance import Guided, constant, evaluate, evaluate_pair, plain

TABLE = SCHEDULES["table"]
T = torch.tensor(400.0, dtype=F64)


def network(x, timestep, condition):
    shift = 0 if condition is None else condition["text"].mean(1)[:, None]
    return torch.sin(x + shift)


def pair(strong_condition, weak_condition):
    counter = Counting(network)
    strong = NetworkDenoiser(counter, TABLE, v_prediction, strong_condition)
    return counter, strong, strong.bind(weak_condition)


def text(value, rows=1, length=4):
    return {"text": torch.full((rows, length), value, dtype=F64)}


X = torch.randn(2, 3, generator=torch.Generator().manual_seed(0), dtype=F64)


def test_the_formula():
    _, strong, weak = pair(text(1.0), text(0.0))
    guided = Guided(strong, weak, constant(7.5))
    x0, x0_weak = strong(X, T), weak(X, T)
    assert torch.allclose(guided(X, T), x0 + 6.5 * (x0 - x0_weak), atol=1e-12)
    # In eps-space it is classifier-free guidance as everyone writes it.
    alpha, sigma = TABLE(T)
    eps, eps_weak = (X - alpha * x0) / sigma, (X - alpha * x0_weak) / sigma
    eps_guided = eps_weak + 7.5 * (eps - eps_weak)
    assert torch.allclose(guided(X, T), (X - sigma * eps_guided) / alpha, atol=1e-10)


def test_a_gain_multiplies_the_guidance_term_only():
    _, strong, weak = pair(text(1.0), text(0.0))
    factor = torch.tensor([[2.0, 0.0, 1.0]], dtype=F64)

    def gain(strong, weak, x, t, weight):
        found = plain(strong, weak, x, t, weight)
        return found.turned(factor * found.difference)

    x0, x0_weak = strong(X, T), weak(X, T)
    want = x0 + 2 * factor * (x0 - x0_weak)
    assert torch.allclose(Guided(strong, weak, constant(3.0), gain)(X, T), want)


def test_scale_one_costs_one_evaluation_per_sample():
    counter, strong, weak = pair(text(1.0), text(0.0))
    assert torch.equal(Guided(strong, weak, constant(1.0))(X, T), strong(X, T))
    assert (counter.calls, counter.evaluations) == (2, 4)


@pytest.mark.parametrize("rows", [1, 2])
def test_two_conditions_of_one_network_are_one_batch(rows):
    counter, strong, weak = pair(text(1.0, rows), text(0.0))
    got = evaluate_pair(strong, weak, X, T)
    assert (counter.calls, counter.evaluations) == (1, 4)
    assert torch.allclose(got[0], strong(X, T))
    assert torch.allclose(got[1], weak(X, T))


@pytest.mark.parametrize("weak_condition", [None, text(0.0, length=5), {"other": torch.zeros(1)}])
def test_conditions_of_other_shapes_are_evaluated_apart(weak_condition):
    counter, strong, weak = pair(text(1.0), weak_condition)
    if weak_condition is not None and "text" not in weak_condition:
        weak = strong.bind({"text": torch.zeros(1, 2, dtype=F64), **weak_condition})
    got = evaluate_pair(strong, weak, X, T)
    assert counter.calls == 2
    assert torch.equal(got[1], weak(X, T))


def test_the_same_query_is_evaluated_once():
    counter, strong, weak = pair(text(1.0), text(0.0))
    other = X + 1
    got = evaluate([(strong, X), (weak, X), (strong, other), (strong, X)], T)
    assert (counter.calls, counter.evaluations) == (1, 6)
    want = (strong(X, T), weak(X, T), strong(other, T), strong(X, T))
    assert all(torch.allclose(a, b) for a, b in zip(got, want, strict=True))


def test_batches_of_other_sizes_fit_together():
    counter, strong, weak = pair(text(1.0), text(0.0))
    more = torch.cat([X, X + 1, X + 2])
    got = evaluate([(strong, X), (weak, more)], T)
    assert counter.calls == 1
    assert torch.allclose(got[1], weak(more, T))


def test_any_two_denoisers_will_do():
    one = torch.ones(1, dtype=F64)
    broad = GaussianMixture.diagonal(one, torch.zeros(1, 1, dtype=F64), 4 * one[None])
    strong, weak = MixtureDenoiser(BIMODAL, TABLE), MixtureDenoiser(broad, TABLE)
    x = X[:, :1]
    guided = Guided(strong, weak, constant(3.0))
    assert guided.schedule == TABLE
    expected = 3 * strong(x, T) - 2 * weak(x, T)
    assert not torch.allclose(expected, strong(x, T))
    assert torch.allclose(guided(x, T), expected)
    nested = Guided(guided, weak, constant(2.0))
    assert torch.allclose(nested(x, T), 2 * expected - weak(x, T))


def test_schedules_must_agree():
    with pytest.raises(InputError, match="schedule"):
        Guided(
            MixtureDenoiser(GAUSSIAN, TABLE), MixtureDenoiser(GAUSSIAN, EDMSchedule()), constant(2)
        )


def test_guidance_needs_two_sides():
    one = MixtureDenoiser(GAUSSIAN, TABLE)
    with pytest.raises(InputError, match="weak"):
        Guided(one, one, constant(2))
