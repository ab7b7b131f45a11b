r"""The sampling loop: the only one in Yuragi.

    for i, (t, s) in steps of times:   x ~ solver.step(denoiser, x, t, s);   x = manipulate(i, x)

Falling times generate, rising times invert. Everything else that a run can do is an argument: the
denoiser holds the condition and the guidance, the solver defines a step, the noise supplies the
randomness, and the manipulation changes the state between steps. A caller that wants the
trajectory, progress or cancellation passes a manipulation that records, reports or raises.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import TypeAlias

import torch
from torch import Tensor

from yuragi.core.denoiser import Denoiser
from yuragi.core.noise import Noise
from yuragi.core.times import check_times
from yuragi.errors import InputError
from yuragi.solver.base import Solver

__all__ = ["Manipulation", "integrate", "trajectory"]

Manipulation: TypeAlias = Callable[[int, Tensor], Tensor]
"""`(step index, x) -> x`, applied to the state that step has just produced; the first step is 0."""


def integrate(
    denoiser: Denoiser,
    solver: Solver,
    x: Tensor,
    times: Tensor,
    noise: Noise | None = None,
    manipulate: Manipulation | None = None,
) -> Tensor:
    """Integrate the state `x` from times[0] to times[-1].

    Args:
        denoiser: the denoiser E[x_0 | x_t], which also has the schedule.
        solver: the solver that makes each step.
        x: the state at times[0], floating point, [b, *d]; it is not changed.
        times: [steps + 1], strictly falling or strictly rising, within the schedule's range.
        noise: called as noise(i, x) for steps with std > 0 only. Deterministic solvers need none.
        manipulate: called as manipulate(i, x) with the state at times[i + 1], after each step,
            including the last one.

    Returns:
        The state at times[-1], [b, *d].

    Raises:
        InputError: the times or the state do not fit, or a stochastic step has no noise.
    """
    return deque(trajectory(denoiser, solver, x, times, noise, manipulate), maxlen=1).pop()


def trajectory(
    denoiser: Denoiser,
    solver: Solver,
    x: Tensor,
    times: Tensor,
    noise: Noise | None = None,
    manipulate: Manipulation | None = None,
) -> Iterator[Tensor]:
    """The states at times[1:] of `integrate`, computed one by one.

    Arguments and errors are those of `integrate`.
    """
    times = check_times(times, denoiser.schedule)
    if x.ndim < 2 or not x.is_floating_point():
        raise InputError("x", (tuple(x.shape), x.dtype), "a floating-point batch [b, ...]")
    memory = solver.init()
    for i, (t, s) in enumerate(pairwise(times)):
        # no_grad, not inference_mode: a gain may need a gradient inside (enable_grad). It
        # encloses one step at a time, so that the code that consumes the states does not run inside
        # it.
        with torch.no_grad():
            transition, memory = solver.step(denoiser, x, t, s, memory)
            z = noise(i, x) if noise is not None and transition.noisy else None
            x = transition.draw(z)
            if manipulate is not None:
                x = manipulate(i, x)
        yield x
