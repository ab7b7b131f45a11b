r"""The interface of solvers, and the noise levels at the two ends of a step.

A solver is a stateless rule for one step from time t to time s. Its memory between steps (a
multistep history) is a value that it returns and receives again, so that callers can step by hand,
fork a run, or batch two runs. With lambda = log(alpha / sigma) and h = lambda_s -
lambda_t, steps are written as `alpha_s x_0 + ... eps`, never `alpha_s / alpha_t x`, and use
e^{-h} = alpha_t sigma_s / (alpha_s sigma_t), which is 0 (h infinite) both at a clean target and
from a start at alpha = 0: both ends stay finite.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, TypeAlias

from torch import Tensor

from yuragi.core.denoiser import Denoiser
from yuragi.core.schedule import Schedule
from yuragi.core.transition import Transition
from yuragi.errors import InputError

__all__ = ["Levels", "Memory", "Solver", "levels"]

Memory: TypeAlias = Any
"""The data that a solver passes from one step to the next; only that solver reads it."""


class Solver(Protocol):
    """One step of a sampler, and four properties that the tests check.

    Attributes:
        order: the global order of convergence (of the moments of the distribution, for a stochastic
            solver).
        evaluations: the number of network evaluations of a step.
        stochastic: whether the result depends on noise.
        recordable: whether `Follow` can retrace a recorded path with the solver: it can descend,
            and noise enters only as `std z`.
    """

    @property
    def order(self) -> int: ...

    @property
    def evaluations(self) -> int: ...

    @property
    def stochastic(self) -> bool: ...

    @property
    def recordable(self) -> bool: ...

    def init(self) -> Memory:
        """The memory before the first step."""

    def step(
        self, denoiser: Denoiser, x: Tensor, t: Tensor, s: Tensor, memory: Memory
    ) -> tuple[Transition, Memory]:
        """The distribution of x_s given x [b, *d] at t (t, s 0-dim), and the new memory."""


class Levels(NamedTuple):
    """(alpha, sigma) at both ends of a step from t to s; 0-dim float64."""

    alpha_t: Tensor
    sigma_t: Tensor
    alpha_s: Tensor
    sigma_s: Tensor

    @property
    def decay(self) -> Tensor:
        """e^{-h}: 0 for an infinite step, above 1 for a step towards more noise."""
        return self.alpha_t * self.sigma_s / (self.alpha_s * self.sigma_t)

    def eps(self, x: Tensor, x0: Tensor) -> Tensor:
        """The noise in x_t once x_0 is known."""
        return (x - self.alpha_t * x0) / self.sigma_t


def levels(schedule: Schedule, t: Tensor, s: Tensor) -> Levels:
    """Look up both ends of a step.

    Raises:
        InputError: t is the clean end, where a state does not determine its noise.
    """
    level = Levels(*schedule(t), *schedule(s))
    if bool(level.sigma_t == 0):
        raise InputError("t", t.item(), "a time with sigma > 0; use DDIMInversion to leave it")
    return level


def descending(level: Levels, solver: object) -> Levels:
    """Return `level` if the step leads to less noise.

    Raises:
        InputError: the step leads to more noise, where a solver cannot add fresh noise.
    """
    if not bool(level.decay < 1):
        allowed = "a deterministic solver where times do not fall"
        raise InputError("solver", solver, allowed)
    return level
