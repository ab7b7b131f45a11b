r"""RePaint: several passes over every level, so that the filling matches its surroundings.

After a step from t to s, the inside of the mask depends only on the outside at level t. Adding
noise up to t again, by the forward chain, and repeating the step makes both sides consistent:

    repeat: x_s ~ step(x_t);  outside of x_s from the path;  x_t ~ q(x_t | x_s)

Source: Lugmayr et al. 2022 (arXiv 2201.09865), algorithm 1 (jump length 1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from yuragi.core import Denoiser, Noise, Transition
from yuragi.core.transition import noising
from yuragi.edit.edit import Edit, Path
from yuragi.edit.manipulate import everything, keep_outside
from yuragi.errors import InputError
from yuragi.sample import Manipulation
from yuragi.solver import Memory, Solver

__all__ = ["Resampled", "resampled"]


@dataclass(frozen=True)
class Resampled:
    """A solver that makes each of its steps `passes` times.

    Args:
        solver: the solver of the steps, which must not have a memory between them.
        passes: the number of passes, 1 or more.
        keep: the manipulation that restores the outside of the mask, as in `Edit`.
        noise: the source of noise for the passes before the last.

    Raises:
        InputError: passes is below 1, or the solver uses earlier steps.
    """

    solver: Solver
    passes: int
    keep: Manipulation
    noise: Noise
    stochastic: ClassVar[bool] = True
    recordable: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.passes < 1:
            raise InputError("resample", self.passes, "1 or more")
        if self.solver.order > 1:
            raise InputError("solver", type(self.solver).__name__, "one of order 1, to resample")

    @property
    def evaluations(self) -> int:
        return self.passes * self.solver.evaluations

    @property
    def order(self) -> int:
        return self.solver.order

    def init(self) -> int:
        return 0

    def step(
        self, denoiser: Denoiser, x: Tensor, t: Tensor, s: Tensor, memory: Memory
    ) -> tuple[Transition, Memory]:
        done: int = memory
        schedule, inner = denoiser.schedule, self.solver.init()
        for extra in range(self.passes - 1 if bool(s > schedule.clean) else 0):
            draw = 2 * (done * self.passes + extra)
            there, _ = self.solver.step(denoiser, x, t, s, inner)
            below = self.keep(done, there.draw(self.noise(draw, x)))
            x = noising(schedule, below, s, t).draw(self.noise(draw + 1, x))
        transition, _ = self.solver.step(denoiser, x, t, s, inner)
        return transition, done + 1


@dataclass(frozen=True)
class resampled:
    """The way down of RePaint, as `yuragi.edit.Sampler` takes it."""

    passes: int

    def __call__(
        self, edit: Edit, path: Path, mask: Tensor | None, noise: Noise
    ) -> tuple[Denoiser, Solver]:
        keep: Manipulation = everything if mask is None else keep_outside(mask, path)
        return edit.target, Resampled(edit.sampler.solver, self.passes, keep, noise)
