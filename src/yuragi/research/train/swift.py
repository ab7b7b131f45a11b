"""The fastest of several forms of a network, measured on the machine and the batch at hand.

What pays depends on the card, the batch and the network: so each form does a few training steps
without an update, and the fastest is taken. A form that fails, because a compiler is missing for
example, is left out; the first one, which is as the network is, must run.

A form is left out too if its gradients are others. That happens: PyTorch 2.13 compiles a narrow one
of these UNets (16 channels) for a CPU to code with the right loss and gradients that are 61 % off,
in float32 as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor, nn

from yuragi.research.train.loop import Loss

__all__ = ["FORMS", "Trial", "fastest"]

FORMS: Mapping[str, Callable[[nn.Module], Callable[..., object]]] = {
    "as it is": lambda network: network,
    "compiled": lambda network: _compiled(network, None),
    "compiled, with CUDA graphs": lambda network: _compiled(network, "reduce-overhead"),
}
"""The forms of a network by name."""
ROUNDS = 5
FAR = 0.2
"""Distance of gradients, relative to their norm, that is no rounding: bfloat16 makes 0.03."""
COMPILING = 120.0
"""Seconds that compiling can take: without them a form is not tried."""


@dataclass(frozen=True)
class Trial:
    """How a form of the network did.

    Attributes:
        form: its name.
        step: seconds of a forward and a backward pass; None if it was left out.
        spent: seconds that the trial took, compiling included.
        remark: why it was left out, or not tried.
    """

    form: str
    step: float | None
    spent: float
    remark: str = ""


def fastest(
    trained: nn.Module,
    part: nn.Module,
    loss_of: Callable[[Callable[..., object]], Loss],
    device: torch.device,
    seconds: float,
) -> tuple[Loss, list[Trial]]:
    """The loss with the fastest form of a part of a network, and all trials.

    Args:
        trained: the network whose gradients are compared, and dropped.
        part: its part that has several forms.
        loss_of: makes the training loss from a form of the part.
        device: where it runs.
        seconds: the time that is left for training. Forms are tried on a GPU, as long as
            compiling takes at most a third of it; else the part is taken as it is, untried.
    """
    if device.type != "cuda" or seconds < 3 * COMPILING:
        return loss_of(part), []
    trials: list[Trial] = []
    best, loss = float("inf"), loss_of(part)
    right = _gradients(trained, loss)
    for form, make in FORMS.items():
        left = seconds - sum(each.spent for each in trials)
        if trials and left < 3 * COMPILING:
            trials.append(Trial(form, None, 0.0, "not tried: too little time is left"))
            continue
        begun = time.monotonic()
        step, remark = None, ""
        try:
            candidate = loss_of(make(part))
            off = float((_gradients(trained, candidate) - right).norm() / right.norm())
            if not off < FAR:
                remark = f"its gradients are wrong, by {off:.2g} of their norm"
            else:
                step = _seconds(candidate, device)
        except Exception as error:
            if not trials:
                raise
            reason = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"
            remark = reason[:300]
        trained.zero_grad(set_to_none=True)
        trials.append(Trial(form, step, time.monotonic() - begun, remark))
        if step is not None and step < best:
            best, loss = step, candidate
    return loss, trials


def _gradients(network: nn.Module, loss: Loss) -> Tensor:
    """All gradients of the loss of the first batch, as one vector."""
    network.zero_grad(set_to_none=True)
    torch.autograd.backward(loss(0, torch.Generator().manual_seed(0)))
    each = [torch.zeros_like(p) if p.grad is None else p.grad for p in network.parameters()]
    return torch.cat([gradient.float().flatten() for gradient in each])


def _seconds(loss: Loss, device: torch.device) -> float:
    """The median of the seconds that a forward and a backward pass take, after three of them."""
    taken = []
    for number in range(3 + ROUNDS):
        begun = time.monotonic()
        torch.autograd.backward(loss(number, torch.Generator().manual_seed(number)))
        torch.cuda.synchronize(device)
        taken.append(time.monotonic() - begun)
    return median(taken[3:])


def _compiled(network: nn.Module, mode: str | None) -> Callable[..., object]:
    compiled: Callable[..., object] = torch.compile(network, mode=mode)
    return compiled
