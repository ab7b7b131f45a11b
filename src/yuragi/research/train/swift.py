"""The fastest of several forms of a network, measured on the machine and the batch at hand.

What pays depends on the card, the batch and the network: so each form does a few training steps
without an update, and the fastest is taken. A form that fails, because a compiler is missing for
example, is left out; the first one, which is as the network is, must run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

import torch
from torch import nn

from yuragi.research.train.loop import Loss

__all__ = ["FORMS", "Trial", "fastest"]

FORMS: Mapping[str, Callable[[nn.Module], Callable[..., object]]] = {
    "as it is": lambda network: network,
    "compiled": lambda network: _compiled(network, None),
    "compiled, with CUDA graphs": lambda network: _compiled(network, "reduce-overhead"),
}
"""The forms of a network by name."""
ROUNDS = 5
COMPILING = 120.0
"""Seconds that compiling can take: without them a form is not tried."""


@dataclass(frozen=True)
class Trial:
    """How a form of the network did.

    Attributes:
        form: its name.
        step: seconds of a forward and a backward pass; None if it failed.
        spent: seconds that the trial took, compiling included.
        remark: why it failed, or was not tried.
    """

    form: str
    step: float | None
    spent: float
    remark: str = ""


def fastest(
    network: nn.Module,
    loss_of: Callable[[Callable[..., object]], Loss],
    device: torch.device,
    seconds: float,
) -> tuple[Loss, list[Trial]]:
    """The loss with the fastest form of a network, and all trials.

    Args:
        network: the network; its gradients are dropped.
        loss_of: makes the training loss from a form of the network.
        device: where it runs.
        seconds: the time that is left for training. Forms are tried on a GPU, as long as
            compiling takes at most a third of it; else the network is taken as it is, untried.
    """
    if device.type != "cuda" or seconds < 3 * COMPILING:
        return loss_of(network), []
    trials: list[Trial] = []
    best, loss = float("inf"), loss_of(network)
    for form, make in FORMS.items():
        left = seconds - sum(each.spent for each in trials)
        if trials and left < 3 * COMPILING:
            trials.append(Trial(form, None, 0.0, "not tried: too little time is left"))
            continue
        begun = time.monotonic()
        try:
            candidate = loss_of(make(network))
            step = _seconds(candidate, device)
        except Exception as error:
            if not trials:
                raise
            reason = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
            trials.append(Trial(form, None, time.monotonic() - begun, reason[:300]))
            continue
        finally:
            network.zero_grad(set_to_none=True)
        trials.append(Trial(form, step, time.monotonic() - begun))
        if step < best:
            best, loss = step, candidate
    return loss, trials


def _seconds(loss: Loss, device: torch.device) -> float:
    """The median of the seconds that a forward and a backward pass take, after three of them."""
    taken = []
    for number in range(3 + ROUNDS):
        begun = time.monotonic()
        torch.autograd.backward(loss(number, torch.Generator().manual_seed(number)))
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        taken.append(time.monotonic() - begun)
    return median(taken[3:])


def _compiled(network: nn.Module, mode: str | None) -> Callable[..., object]:
    compiled: Callable[..., object] = torch.compile(network, mode=mode)
    return compiled
