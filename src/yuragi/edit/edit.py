r"""Every edit in two stages: up in noise, and down again under another condition.

    path = encode(source, x_0, levels up)        states from the picture to the level t0
    top  = manipulate(path)                      what the task changes there
    x_0' = integrate(target, ..., top, levels down), held to the path outside the mask

"ODE or SDE" is one value, a `Sampler`: it defines the way up, the solver, and whether the way down
follows the path or uses fresh noise. Tasks differ in source and target condition, manipulation and
mask:

    task       source      target   manipulation  ode             sde
    inpaint    -           prompt   -             one noise, ODE  one noise, fresh noise
    sdedit     -           prompt   -             one noise, ODE  one noise, fresh noise
    translate  old prompt  new one  -             inverted, ODE   chain, followed
    diffedit   old prompt  new one  -             inverted, ODE   chain, followed
    drag       prompt      prompt   paste         inverted, ODE   chain, followed

Up: `one_noise` (every level with the same eps: SDEdit, inpainting), `chain` (the forward SDE),
`independent` ("edit-friendly") and `inverted` (the probability-flow ODE). Only the last evaluates
the source denoiser.

References: Nie et al. 2024 (arXiv 2311.01410), section 3; Meng et al. 2022 (arXiv 2108.01073)
(SDEdit); Su et al. 2023 (arXiv 2203.08382) (DDIB); Couairon et al. 2023 (arXiv 2210.11427)
(DiffEdit).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

from yuragi.core import Denoiser, Noise, Schedule, SeededNoise, trailing
from yuragi.edit.manipulate import composite, everything, keep_outside
from yuragi.edit.pull import PromptPull
from yuragi.errors import InputError
from yuragi.invert import Follow, independent_path, markov_path, ode_climb
from yuragi.sample import Manipulation, trajectory
from yuragi.solver import Churn, Solver

__all__ = [
    "Descent",
    "Edit",
    "Halves",
    "Path",
    "PathEncoder",
    "Sampler",
    "Start",
    "chain",
    "climbs",
    "descent",
    "followed",
    "fresh",
    "independent",
    "inverted",
    "one_noise",
    "unchanged",
]

Path: TypeAlias = Sequence[Tensor]
"""The states [b, c, h, w] from the clean picture to the level t0."""

Start: TypeAlias = Callable[[Path], Tensor]
"""The change of an edit at t0: path -> the state from which to denoise."""


class PathEncoder(Protocol):
    """The way up: (source, x0, rising times, noise, manipulation) -> the states of the path.

    States that need the network are computed one by one.
    """

    def __call__(
        self, source: Denoiser, x0: Tensor, times: Tensor, noise: Noise, watch: Manipulation, /
    ) -> Iterable[Tensor]: ...


def one_noise(
    source: Denoiser, x0: Tensor, times: Tensor, noise: Noise, watch: Manipulation
) -> Path:
    """x_t = alpha_t x_0 + sigma_t eps with the same eps at every level."""
    eps = noise(0, x0)
    if eps is None:
        raise InputError("noise", None, "a noise")
    levels = [source.schedule(t) for t in times[1:]]
    return [x0] + [alpha.to(x0) * x0 + sigma.to(x0) * eps for alpha, sigma in levels]


def chain(source: Denoiser, x0: Tensor, times: Tensor, noise: Noise, watch: Manipulation) -> Path:
    """The forward chain (Cycle-SDE)."""
    return markov_path(x0, source.schedule, times, noise)


def independent(
    source: Denoiser, x0: Tensor, times: Tensor, noise: Noise, watch: Manipulation
) -> Path:
    """Independent noise at every level ("edit-friendly")."""
    return independent_path(x0, source.schedule, times, noise)


def inverted(
    source: Denoiser, x0: Tensor, times: Tensor, noise: Noise, watch: Manipulation
) -> Iterator[Tensor]:
    """The probability-flow ODE upwards under the source's condition."""
    return ode_climb(source, x0, times, manipulate=watch)


def climbs(num_inference_steps: int, strength: float) -> int:
    """The number of steps from the clean end to t0, the share `strength` of the whole time axis.

    Raises:
        InputError: strength is outside (0, 1], or there are too few steps to reach one level.
    """
    if not 0 < strength <= 1:
        raise InputError("strength", strength, "above 0, at most 1")
    count = math.floor(strength * num_inference_steps + 1e-9)
    if count < 1:
        allowed = f"at least {math.ceil(1 / strength)}, to climb one level at t0 {strength:g}"
        raise InputError("num_inference_steps", num_inference_steps, allowed)
    return count


def descent(schedule: Schedule, num_inference_steps: int, strength: float) -> Tensor:
    """Falling times from t0 to the clean end.

    Raises:
        InputError: any error of `climbs`, or more steps than a table has entries.
    """
    count = climbs(num_inference_steps, strength)
    try:
        return trailing(schedule, num_inference_steps)[-(count + 1) :]
    except InputError as error:
        raise error.called("num_inference_steps") from error


def unchanged(path: Path) -> Tensor:
    """Start from the end of the path, without a change."""
    return path[-1]


class Descent(Protocol):
    """The way down: (edit, path, mask, noise) -> (denoiser, solver).

    The noise is for draws of the solver itself, in addition to those that `integrate` makes.
    """

    def __call__(
        self, edit: Edit, path: Path, mask: Tensor | None, noise: Noise, /
    ) -> tuple[Denoiser, Solver]: ...


def fresh(edit: Edit, path: Path, mask: Tensor | None, noise: Noise) -> tuple[Denoiser, Solver]:
    """Denoise with fresh noise, or without noise with a deterministic solver."""
    solver = edit.sampler.solver
    return edit.target, replace(solver, noise=noise) if isinstance(solver, Churn) else solver


def followed(edit: Edit, path: Path, mask: Tensor | None, noise: Noise) -> tuple[Denoiser, Solver]:
    """Denoise with the noise recorded in the path (Cycle-SDE)."""
    return Halves(edit.target, edit.source), Follow(edit.sampler.solver, path)


@dataclass(frozen=True)
class Sampler:
    """The way up in noise and down again of an edit.

    Args:
        encode: the way up.
        solver: the solver of the steps down.
        descent: the way down, which decides the noise of these steps.

    Raises:
        InputError: the solver cannot follow a recorded path.
    """

    encode: PathEncoder
    solver: Solver
    descent: Descent = fresh

    def __post_init__(self) -> None:
        if self.descent is followed and not self.solver.recordable:
            name = type(self.solver).__name__
            raise InputError("solver", name, "a solver whose noise can be recorded")

    @property
    def passes(self) -> int:
        """The number of watched steps per level: up and down, or down only."""
        return 2 if self.encode is inverted else 1


@dataclass(frozen=True)
class Edit:
    """An edit of latents.

    Args:
        source: the denoiser under the condition that describes the picture.
        target: the denoiser under the condition that describes the result, with the same schedule.
        sampler: the way up and down.
        manipulate: the change at t0.
        pull: the gauge of the target's guidance, for samplers that need it; None without guidance.

    Raises:
        InputError: source and target have different schedules.
    """

    source: Denoiser
    target: Denoiser
    sampler: Sampler
    manipulate: Start = unchanged
    pull: PromptPull | None = None

    def __post_init__(self) -> None:
        if self.source.schedule != self.target.schedule:
            allowed = f"the source's schedule, {self.source.schedule!r}"
            raise InputError("target.schedule", self.target.schedule, allowed)

    def __call__(
        self,
        x0: Tensor,
        down: Tensor,
        seed: int | Sequence[int],
        samples: Sequence[int],
        mask: Tensor | None = None,
        watch: Manipulation = everything,
        stream: str = "",
    ) -> Tensor:
        """Edit clean latents.

        Args:
            x0: the clean latents [b, c, h, w], float32.
            down: falling times from t0 to the clean end.
            seed: one seed, or one per row; random numbers are keyed by (seed, sample, level).
            samples: the identity of each row; different identities give different candidates.
            mask: the mask [1 or b, 1, h, w], 1 where latents can change; None for everywhere.
            watch: a function called after every step, up and down; raise in it to cancel.
            stream: a name that separates the random numbers of several edits with one seed.

        Returns:
            The edited clean latents [b, c, h, w]; outside the mask those of `x0`, bit for bit.
        """
        path = list(self.rising(x0, down, seed, samples, watch, stream))
        states = self.falling(path, down, seed, samples, mask, watch, stream)
        return deque(states, maxlen=1).pop()

    def rising(
        self,
        x0: Tensor,
        down: Tensor,
        seed: int | Sequence[int],
        samples: Sequence[int],
        watch: Manipulation = everything,
        stream: str = "",
    ) -> Iterator[Tensor]:
        """The first half of an edit, up in noise: its states from `x0` on.

        States that need the network are computed one by one. The arguments are those of the whole
        edit.
        """
        noise = SeededNoise(seed, list(samples), stream=f"{stream}encode")
        return iter(self.sampler.encode(self.source, x0, down.flip(0), noise, watch))

    def falling(
        self,
        path: Path,
        down: Tensor,
        seed: int | Sequence[int],
        samples: Sequence[int],
        mask: Tensor | None = None,
        watch: Manipulation = everything,
        stream: str = "",
    ) -> Iterator[Tensor]:
        """The second half: the change at t0, and the state after every step down.

        States are computed one by one; the last one is the edited clean latents. `path`
        holds the states of the way up; the other arguments are those of the whole edit.
        """
        held = list(samples)
        top = self.manipulate(path)
        keep: Manipulation = everything
        if mask is not None:
            top, keep = composite(top, path[-1], mask), keep_outside(mask, path)
        again = SeededNoise(seed, held, stream=f"{stream}again")
        denoiser, solver = self.sampler.descent(self, path, mask, again)
        noise = SeededNoise(seed, held, stream=f"{stream}steps")
        return trajectory(denoiser, solver, top, down, noise, lambda i, x: watch(i, keep(i, x)))


@dataclass(frozen=True)
class Halves:
    """Two denoisers for a batch of two halves: edited states first, their references second.

    The references get the condition of the source, the edited states that of the target. If both
    denoisers are the same, they are evaluated in one batch.
    """

    edited: Denoiser
    reference: Denoiser

    @property
    def schedule(self) -> Schedule:
        return self.edited.schedule

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        if self.edited is self.reference:
            return self.edited(x, t)
        first, second = x.tensor_split(2)
        return torch.cat([self.edited(first, t), self.reference(second, t)])
