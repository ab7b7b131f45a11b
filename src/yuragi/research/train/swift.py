"""The fastest of several forms of a network, measured on the current machine and batch.

Which form is fastest depends on the GPU, the batch and the network. So each form makes a few
training steps without an update, and the fastest is used. A form that fails, for example because a
compiler is missing, is left out. The first form, which is the unchanged network, must run.

A form is also left out if its gradients differ. This does happen: PyTorch 2.13 compiles a narrow
version of these UNets (16 channels) for a CPU to code with the right loss, but with gradients that
are 61 % off, even in float32.
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
"""A relative distance of gradients that rounding does not explain; bfloat16 causes 0.03."""
COMPILING = 120.0
"""The seconds that compiling can take; a form is tried only if three times as many are left."""


@dataclass(frozen=True)
class Trial:
    """The result of trying a form of the network.

    Attributes:
        form: its name.
        step: the seconds of a forward and a backward pass; None if it was left out.
        spent: the seconds that the trial took, including compiling.
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
        trained: the network whose gradients are compared and then discarded.
        part: the part of it that has several forms.
        loss_of: a function that makes the training loss from a form of the part.
        device: the device.
        seconds: the time that is left for training. Forms are tried only on a GPU, and only if
            compiling takes at most a third of this time; otherwise the part is used unchanged.
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
    """All gradients of the loss on the first batch, as one vector."""
    network.zero_grad(set_to_none=True)
    torch.autograd.backward(loss(0, torch.Generator().manual_seed(0)))
    each = [torch.zeros_like(p) if p.grad is None else p.grad for p in network.parameters()]
    return torch.cat([gradient.float().flatten() for gradient in each])


def _seconds(loss: Loss, device: torch.device) -> float:
    """The median seconds of a forward and a backward pass, after three untimed ones."""
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
