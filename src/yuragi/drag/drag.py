r"""SDE-Drag and ODE-Drag: one loop over sub-drags, two ways up and down in noise.

A motion is divided into m sub-drags. Each takes the clean latent z of the previous one and

1. goes up to the level t0 and records the path: by the forward chain (SDE) or by inverting the
   probability-flow ODE (ODE);
2. copies and pastes at t0 (`yuragi.drag.paste`);
3. comes down: along the recorded path (Cycle-SDE in difference form) or by the ODE, and after
   every step restores the path outside the mask.

The levels are explicit and end at the clean latent. The denoiser includes guidance and its ramp.
Gains can remember a trajectory, so every sub-drag gets new denoisers: its result depends on its
latent alone, and a drag that was interrupted continues with the same numbers.

References: Nie et al. 2024 (arXiv 2311.01410), section 4, equation 12, algorithm 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from yuragi.core import Denoiser, Schedule, SeededNoise
from yuragi.drag.paste import paste
from yuragi.drag.spec import Handle, drag_count
from yuragi.edit import (
    Edit,
    Path,
    Sampler,
    Start,
    chain,
    climbs,
    descent,
    followed,
    inverted,
    unchanged,
    watch,
)
from yuragi.errors import InputError
from yuragi.solver import Solver

__all__ = ["Drag", "DragStep", "drag_latents", "drag_levels"]


@dataclass(frozen=True)
class Drag:
    """The settings of a drag, in units that do not depend on the model.

    Attributes:
        solver: the solver of the way down, which must be recordable if `stochastic`.
        stochastic: True for SDE-Drag, False for ODE-Drag.
        num_inference_steps: the number of levels on the whole time axis; the share t0 is used.
        t0: the highest noise level, as a share of the time axis, in (0, 1].
        radius: half the side of a box, as a share of the latent's shorter side; a box is never
            smaller than a cell.
        step: the length of a sub-drag, as a share of the latent's shorter side.
        gain: the factor alpha on the pasted content.
        keep: the share beta of the old content that stays at the source.

    Raises:
        InputError: the solver does not fit (SDE-Drag records noise, ODE-Drag has none), or there
            are too few steps to reach t0.
    """

    solver: Solver
    stochastic: bool
    num_inference_steps: int
    t0: float
    radius: float
    step: float
    gain: float
    keep: float

    def __post_init__(self) -> None:
        name = type(self.solver).__name__
        if self.stochastic and not self.solver.recordable:
            raise InputError("solver", name, "a solver whose noise can be recorded, for SDE-Drag")
        if not self.stochastic and self.solver.stochastic:
            raise InputError("solver", name, "a deterministic solver, for ODE-Drag")
        climbs(self.num_inference_steps, self.t0)  # raises if there are too few steps

    def plan(self, handles: Sequence[Handle], side: int) -> int:
        """The number of sub-drags that these handles need on a latent with this shorter side."""
        return drag_count(max(handle.length for handle in handles), self.step * side)

    @property
    def sampler(self) -> Sampler:
        """The way up and down of a sub-drag."""
        if self.stochastic:
            return Sampler(chain, self.solver, followed)
        return Sampler(inverted, self.solver)

    def edit(self, guide: Callable[[], Denoiser], manipulate: Start = unchanged) -> Edit:
        """The edit of one sub-drag, with new denoisers.

        The way up of ODE-Drag evaluates a denoiser of its own. That of SDE-Drag evaluates none, and
        its states share batches with the edited ones on the way down.
        """
        target = guide()
        source = target if self.stochastic else guide()
        return Edit(source, target, self.sampler, manipulate)

    @property
    def steps(self) -> int:
        """The number of solver steps of one sub-drag; the forward chain needs none."""
        return climbs(self.num_inference_steps, self.t0) * self.sampler.passes


@dataclass(frozen=True)
class DragStep:
    """The state after one sub-drag.

    Attributes:
        latents: the clean latents [b, c, h, w].
        index: the number of the sub-drag, starting at 1.
        count: the number of all sub-drags.
        moves: the current position of the content and its remaining motion for each row, in cells.
    """

    latents: Tensor
    index: int
    count: int
    moves: list[list[Handle]]


def drag_levels(schedule: Schedule, drag: Drag) -> Tensor:
    """The levels of a drag, from t0 down to the clean end."""
    return descent(schedule, drag.num_inference_steps, drag.t0)


def drag_latents(
    guide: Callable[[], Denoiser],
    latents: Tensor,
    moves: Sequence[Sequence[Handle]],
    drag: Drag,
    seed: int | Sequence[int],
    samples: Sequence[int] = (0,),
    mask: Tensor | None = None,
    on_step: Callable[[], None] = lambda: None,
    keep: Callable[[Callable[[], Tensor]], Tensor] = lambda make: make(),
) -> Iterator[DragStep]:
    """Drag the content of clean latents, and yield the state after every sub-drag.

    Args:
        guide: a function that makes a guided denoiser with the prompts bound; all have the same
            schedule.
        latents: the clean latents [b, c, h, w], float32.
        moves: the handles of each row, in cells; all rows must need the same number of sub-drags.
        drag: the settings.
        seed: one seed, or one per row; random numbers are keyed by (seed, sample, sub-drag, level).
        samples: the identity of each row.
        mask: the mask [1 or b, 1, h, w], 1 where latents can change; None for everywhere.
        on_step: a function called after every solver step; raise in it to cancel.
        keep: a function that gives the latents after each sub-drag, from what makes them or, after
            an interruption, from where they were stored.

    Raises:
        InputError: the rows need different numbers of sub-drags.
    """
    side = min(latents.shape[-2:])
    # A box covers at least the cell of its point; a smaller one could miss all cell centres.
    radius = max(drag.radius * side, 0.5)
    schedule = guide().schedule
    down = drag_levels(schedule, drag)
    alpha, _ = schedule(down[0])
    count, *others = {drag.plan(handles, side) for handles in moves}
    if others:
        raise InputError("moves", {count, *others}, "rows that need as many sub-drags")
    for index in range(count):

        def move(path: Path, index: int = index) -> Tensor:
            fresh = SeededNoise(seed, list(samples), stream="drag paste")(index, path[0])
            top, signal = path[-1], (alpha * path[0]).to(path[0])
            rows = [
                paste(
                    top[row : row + 1],
                    signal[row : row + 1],
                    _part(handles, index / count, (index + 1) / count),
                    radius,
                    drag.gain,
                    drag.keep,
                    fresh[row : row + 1],
                )
                for row, handles in enumerate(moves)
            ]
            return torch.cat(rows)

        edit = drag.edit(guide, move)

        def dragged(x0: Tensor = latents, edit: Edit = edit, index: int = index) -> Tensor:
            return edit(x0, down, seed, samples, mask, watch(on_step), f"drag {index} ")

        latents = keep(dragged)
        left = [_part(handles, (index + 1) / count, 1.0) for handles in moves]
        yield DragStep(latents, index + 1, count, left)


def _part(handles: Sequence[Handle], start: float, stop: float) -> list[Handle]:
    return [handle.part(start, stop) for handle in handles]
