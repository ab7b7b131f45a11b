r"""Inversion: from an image to noisy states from which a sampler can reconstruct it.

    markov_path        the forward chain   x_t = r x_s + sqrt(sigma_t^2 - r^2 sigma_s^2) z
    independent_path   every level on its own   x_t = alpha_t x_0 + sigma_t z
    ode_invert         the probability-flow ODE upwards; `ode_climb` makes its states one by one
    Follow             the way back along any such path (Cycle-SDE)

A path is a list of states ordered clean to noisy: path[0] is the image, path[k] the state at
times[k] of the rising grid it was made on.

Cycle-SDE records the noise w = (x'_s - mean(x'_t)) / std with which the path x' makes each step,
and uses it again for the edited state. In difference form, with the same mean function for both
states,

    x_s = x'_s + mean(x_t) - mean(x'_t)

nothing is divided by std. This form is exact at the clean end, stable in half precision, and valid
for every recordable solver and for std = 0. The solver steps the edited and the reference states as
one batch, the edited ones first and as many references, so its memory covers both. (A denoiser that
treats the two halves of the batch differently gives the reference another condition; this code does
not depend on it.)

References: Nie et al. 2024 (arXiv 2311.01410), equations 7-8; Wu & De la Torre 2023 (arXiv
2210.05559); Huberman-Spiegelglas et al. 2024 (arXiv 2304.06140) (independent path).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import torch
from torch import Tensor

from yuragi.core.denoiser import Denoiser
from yuragi.core.noise import Noise
from yuragi.core.schedule import Schedule
from yuragi.core.times import check_times
from yuragi.core.transition import Transition, noising
from yuragi.errors import InputError
from yuragi.sample import Manipulation, integrate, trajectory
from yuragi.solver.base import Memory, Solver
from yuragi.solver.inversion import DDIMInversion

__all__ = ["Follow", "follow", "independent_path", "markov_path", "ode_climb", "ode_invert"]


def markov_path(x0: Tensor, schedule: Schedule, times: Tensor, noise: Noise) -> list[Tensor]:
    """The forward chain through every level of `times`; no network call.

    Args:
        x0: the image or latent, [b, *d].
        schedule: the schedule under which the path will be retraced.
        times: [k + 1], rising, from `schedule.clean`.
        noise: noise(i, x) makes the step from times[i] to times[i + 1].

    Returns:
        k + 1 states, the first is x0 itself.

    Raises:
        InputError: the times fall or do not start at the clean end, or there is no noise.
    """
    times = _rising_from_clean(times, schedule)
    path = [x0]
    for i, (s, t) in enumerate(pairwise(times)):
        x = path[-1]
        path.append(noising(schedule, x, s, t).draw(noise(i, x)))
    return path


def independent_path(x0: Tensor, schedule: Schedule, times: Tensor, noise: Noise) -> list[Tensor]:
    """Draw every level from q(x_t | x_0) with independent noise: "edit-friendly" inversion.

    Arguments, result and errors are those of `markov_path`. The steps between its states need
    larger noise than those of the chain, which keeps the result closer to the image.
    """
    times = _rising_from_clean(times, schedule)
    return [x0] + [
        noising(schedule, x0, times[0], t).draw(noise(i, x0)) for i, t in enumerate(times[1:])
    ]


def ode_invert(
    denoiser: Denoiser,
    x0: Tensor,
    times: Tensor,
    solver: Solver | None = None,
    manipulate: Manipulation | None = None,
) -> list[Tensor]:
    """Ascend the probability-flow ODE and record the state at every level.

    Args:
        denoiser: the denoiser under the condition that describes the image.
        x0: the state at times[0], [b, *d].
        times: [k + 1], rising; a deterministic solver other than `DDIMInversion` cannot start at
            the clean end.
        solver: the solver of the ascent; `DDIMInversion()` if None.
        manipulate: a manipulation as in `integrate`; the path contains the states it returns.

    Returns:
        k + 1 states, the first is x0 itself.

    Raises:
        InputError: the times fall, or the solver is stochastic.
    """
    return list(ode_climb(denoiser, x0, times, solver, manipulate))


def ode_climb(
    denoiser: Denoiser,
    x0: Tensor,
    times: Tensor,
    solver: Solver | None = None,
    manipulate: Manipulation | None = None,
) -> Iterator[Tensor]:
    """The states of `ode_invert`, computed one by one. Arguments and errors are the same."""
    solver = DDIMInversion() if solver is None else solver
    if solver.stochastic:
        raise InputError("solver", solver, "a deterministic solver")
    _rising(times, denoiser.schedule)
    yield x0
    yield from trajectory(denoiser, solver, x0, times, manipulate=manipulate)


@dataclass(frozen=True)
class Follow:
    """A solver that retraces a path: Cycle-SDE in difference form around another solver.

    Starting from path[-1] itself it returns path[0]. Starting from an edit of path[-1], it denoises
    the edit with the noise recorded in the path. Use it with falling times, one per state of the
    path, and without noise.

    Args:
        solver: a recordable solver.
        path: states ordered clean to noisy, each [b, *d], or [1, *d] shared by the batch.

    Raises:
        InputError: the solver is not recordable, the path has fewer than two states, or there are
            more steps than the path has.
    """

    solver: Solver
    path: Sequence[Tensor]
    stochastic: ClassVar[bool] = False
    recordable: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not self.solver.recordable:
            name = type(self.solver).__name__
            raise InputError("solver", name, "a solver whose noise can be recorded")
        if len(self.path) < 2:
            raise InputError("path", f"{len(self.path)} states", "two states or more")

    @property
    def evaluations(self) -> int:
        return self.solver.evaluations

    @property
    def order(self) -> int:
        return self.solver.order

    def init(self) -> tuple[int, Memory]:
        return 0, self.solver.init()

    def step(
        self, denoiser: Denoiser, x: Tensor, t: Tensor, s: Tensor, memory: tuple[int, Memory]
    ) -> tuple[Transition, tuple[int, Memory]]:
        done, inner = memory
        last = len(self.path) - 1
        if done >= last:
            raise InputError("path", f"{last + 1} states", "one state per time")
        here, target = self.path[last - done], self.path[last - done - 1]
        states = torch.cat([x, here.expand_as(x)])  # one reference for every edited state
        both, inner = self.solver.step(denoiser, states, t, s, inner)
        edited, reference = both.mean[: len(x)], both.mean[len(x) :]
        mean = target + (edited - reference)
        return Transition(mean, torch.zeros(())), (done + 1, inner)


def follow(
    denoiser: Denoiser,
    solver: Solver,
    x: Tensor,
    path: Sequence[Tensor],
    times: Tensor,
    manipulate: Manipulation | None = None,
) -> Tensor:
    """Denoise `x`, an edit of path[-1], along the path: `integrate` with `Follow`.

    Args:
        denoiser: the denoiser under the condition that describes the result.
        solver: a recordable solver.
        x: the edited state at times[0], [b, *d].
        path: states ordered clean to noisy.
        times: the path's grid in falling order: times[i] is the level of path[-1 - i].
        manipulate: a manipulation as in `integrate`.

    Raises:
        InputError: any error of `Follow`; the times rise, or there is not one time per state of the
            path.
    """
    if len(times) != len(path):
        raise InputError("times", f"{len(times)} times", f"one per state of the path: {len(path)}")
    if bool(times[0] < times[-1]):
        raise InputError("times", times.tolist(), "falling times")
    return integrate(denoiser, Follow(solver, path), x, times, manipulate=manipulate)


def _rising(times: Tensor, schedule: Schedule) -> Tensor:
    times = check_times(times, schedule)
    if bool(times[0] > times[-1]):
        raise InputError("times", times.tolist(), "rising times")
    return times


def _rising_from_clean(times: Tensor, schedule: Schedule) -> Tensor:
    times = _rising(times, schedule)
    if times[0].item() != schedule.clean:
        raise InputError("times[0]", times[0].item(), f"the clean end, {schedule.clean}")
    return times
