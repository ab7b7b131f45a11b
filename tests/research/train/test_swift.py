"""The form of a network is chosen by measurement, and one that fails does no harm."""

import time

import pytest
import torch
from torch import nn

from yuragi.research.train import swift
from yuragi.research.train.swift import fastest

CPU, GPU = torch.device("cpu"), torch.device("cuda")


@pytest.fixture
def network():
    return nn.Linear(2, 2)


def loss_of(form):
    return lambda step, rng: form(torch.randn(4, 2, generator=rng)).square().mean()


def slowed(seconds):
    def make(network):
        def form(x):
            time.sleep(seconds)
            return network(x)

        return form

    return make


def failing(network):
    raise RuntimeError("no compiler\nfurther lines")


@pytest.fixture
def forms(monkeypatch):
    """Three forms, the second faster than the first; a trial of a GPU without one."""
    made = {"as it is": slowed(0.02), "compiled": slowed(0.0), "graphs": failing}
    monkeypatch.setattr(swift, "FORMS", made)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device: None)
    return made


def test_the_fastest_is_taken_and_gradients_are_dropped(network, forms):
    loss, (slow, fast, failed) = fastest(network, network, loss_of, GPU, 1000.0)
    assert (slow.form, fast.form, failed.form) == tuple(forms)
    assert slow.step > 0.02 > fast.step
    assert (failed.step, failed.remark) == (None, "RuntimeError: no compiler")
    assert all(p.grad is None for p in network.parameters())
    begun = time.monotonic()
    loss(0, torch.Generator())
    assert time.monotonic() - begun < 0.02


@pytest.mark.parametrize(("device", "seconds"), [(GPU, 300.0), (CPU, 1000.0)])
def test_nothing_is_tried_without_time_or_gpu(network, forms, device, seconds):
    loss, trials = fastest(network, network, loss_of, device, seconds)
    assert trials == []
    same = loss_of(network)(0, torch.Generator().manual_seed(0))
    assert torch.equal(loss(0, torch.Generator().manual_seed(0)), same)


def test_a_form_with_wrong_gradients_is_left_out(network, forms, monkeypatch):
    def half_blind(network):
        return lambda x: network(x) * 0.5 + network(x).detach() * 0.5

    monkeypatch.setitem(forms, "compiled", half_blind)
    loss, (slow, wrong, _) = fastest(network, network, loss_of, GPU, 1000.0)
    assert wrong.step is None
    assert "gradients are wrong, by 0.5 of" in wrong.remark
    assert slow.step > 0.02
    begun = time.monotonic()
    loss(0, torch.Generator())
    assert time.monotonic() - begun > 0.02


def test_a_trial_that_takes_long_is_the_last(network, forms, monkeypatch):
    monkeypatch.setattr(swift, "COMPILING", 0.2)
    _, (first, second, third) = fastest(network, network, loss_of, GPU, 0.65)
    assert first.spent > 0.05  # less than the time for compiling is left
    assert (second.step, third.step) == (None, None)
    assert "too little time" in second.remark


def test_the_network_as_it_is_must_run(network, forms, monkeypatch):
    monkeypatch.setattr(swift, "FORMS", {"as it is": failing, "compiled": slowed(0.0)})
    with pytest.raises(RuntimeError, match="no compiler"):
        fastest(network, network, loss_of, GPU, 1000.0)
