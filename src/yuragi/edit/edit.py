r"""Every edit in two stages: up in noise, and down again under another condition.

    path = encode(source, x_0, levels up)        states from the picture to the level t0
    top  = manipulate(path)                      what the task changes there
    x_0' = integrate(target, ..., top, levels down), held to the path outside the mask

"ODE or SDE" is one value, a `Sampler`: which way up, which solver, and whether the way down follows
the path or draws fresh noise. Tasks differ in source and target condition, manipulation and mask:

    task       source      target   manipulation  ode             sde
    inpaint    -           prompt   -             one noise, ODE  one noise, fresh noise
    sdedit     -           prompt   -             one noise, ODE  one noise, fresh noise
    translate  old prompt  new one  -             inverted, ODE   chain, followed
    diffedit   old prompt  new one  -             inverted, ODE   chain, followed
    drag       prompt      prompt   paste         inverted, ODE   chain, followed

Up: `one_noise` (every level with the same eps: SDEdit, inpainting), `chain` (the forward SDE),
`independent` ("edit-friendly") and `inverted` (the probability-flow ODE). Only the last asks the
source denoiser.

References: Nie et al. 2024 (arXiv 2311.01410), section 3; Meng et al. 2022 (arXiv 2108.01073)
(SDEdit); Su et al. 2023 (arXiv 2203.08382) (DDIB); Couairon et al. 2023 (arXiv 2210.11427)
(DiffEdit).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

from yuragi.core import Denoiser, Noise, Schedule, SeededNoise, trailing
from yuragi.edit.manipulate import composite, everything, keep_outside
from yuragi.errors import InputError
from yuragi.invert import Follow, independent_path, markov_path, ode_invert
from yuragi.sample import Manipulation, integrate
from yuragi.solver import Churn, Solver

__all__ = [
    "Edit",
    "Encode",
    "Halves",
    "Path",
    "Sampler",
    "Start",
    "Way",
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
"""States [b, c, h, w] from the clean picture to the level t0."""

Start: TypeAlias = Callable[[Path], Tensor]
"""What an edit does at t0: the path in, the state to come down from out."""


class Encode(Protocol):
    """The way up: (source, x0, rising times, noise, manipulation to watch with) -> path."""

    def __call__(
        self, source: Denoiser, x0: Tensor, times: Tensor, noise: Noise, watch: Manipulation, /
    ) -> Path: ...


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
    """Every level with noise of its own ("edit-friendly")."""
    return independent_path(x0, source.schedule, times, noise)


def inverted(
    source: Denoiser, x0: Tensor, times: Tensor, noise: Noise, watch: Manipulation
) -> Path:
    """The probability-flow ODE, climbed under the source's condition."""
    return ode_invert(source, x0, times, manipulate=watch)


def climbs(num_inference_steps: int, strength: float) -> int:
    """Steps from the clean end to t0, the share `strength` of a grid over the whole time axis.

    Raises:
        InputError: strength outside (0, 1], or too few steps to climb one level.
    """
    if not 0 < strength <= 1:
        raise InputError("strength", strength, "above 0, at most 1")
    count = math.floor(strength * num_inference_steps + 1e-9)
    if count < 1:
        allowed = f"at least {math.ceil(1 / strength)}, to climb one level at t0 {strength:g}"
        raise InputError("num_inference_steps", num_inference_steps, allowed)
    return count


def descent(schedule: Schedule, num_inference_steps: int, strength: float) -> Tensor:
    """Falling times from t0 to the clean end; errors as `climbs`."""
    count = climbs(num_inference_steps, strength)
    return trailing(schedule, num_inference_steps)[-(count + 1) :]


def unchanged(path: Path) -> Tensor:
    """Come down from where the path ends."""
    return path[-1]


class Way(Protocol):
    """The way down: (edit, path, mask, noise) -> (denoiser, solver).

    The noise is for draws of the solver's own, beside those that `integrate` makes for it.
    """

    def __call__(
        self, edit: Edit, path: Path, mask: Tensor | None, noise: Noise, /
    ) -> tuple[Denoiser, Solver]: ...


def fresh(edit: Edit, path: Path, mask: Tensor | None, noise: Noise) -> tuple[Denoiser, Solver]:
    """With noise of its own, or none with a deterministic solver."""
    solver = edit.sampler.solver
    return edit.target, replace(solver, noise=noise) if isinstance(solver, Churn) else solver


def followed(edit: Edit, path: Path, mask: Tensor | None, noise: Noise) -> tuple[Denoiser, Solver]:
    """With the noises of the path (Cycle-SDE)."""
    return Halves(edit.target, edit.source), Follow(edit.sampler.solver, path)


@dataclass(frozen=True)
class Sampler:
    """How an edit goes up and comes down.

    Args:
        encode: the way up.
        solver: makes the steps down.
        way: what noise they get.

    Raises:
        InputError: a solver that cannot follow.
    """

    encode: Encode
    solver: Solver
    way: Way = fresh

    def __post_init__(self) -> None:
        if self.way is followed and not self.solver.recordable:
            name = type(self.solver).__name__
            raise InputError("solver", name, "a solver whose noise can be recorded")

    @property
    def passes(self) -> int:
        """Watched steps for each level that is climbed: up and down, or down alone."""
        return 2 if self.encode is inverted else 1


@dataclass(frozen=True)
class Edit:
    """An edit of latents.

    Args:
        source: denoiser under the condition that describes the picture.
        target: denoiser under the condition that describes the result; of the same schedule.
        sampler: how to go up and come down.
        manipulate: what happens at t0.

    Raises:
        InputError: source and target live under different schedules.
    """

    source: Denoiser
    target: Denoiser
    sampler: Sampler
    manipulate: Start = unchanged

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
            x0: [b, c, h, w], float32.
            down: falling times from t0 to the clean end.
            seed: one, or one for each row; random numbers are keyed by (seed, sample, level).
            samples: the identity of each row; rows with other identities are other candidates.
            mask: (1 or b, 1, h, w), 1 where the latents may change; None for everywhere.
            watch: called after every step, up and down; raise in it to cancel.
            stream: separates the random numbers of several edits with one seed.

        Returns:
            edited clean latents, [b, c, h, w]; outside the mask those of `x0`, bit for bit.
        """
        held = list(samples)
        noise = SeededNoise(seed, held, stream=f"{stream}encode")
        path = self.sampler.encode(self.source, x0, down.flip(0), noise, watch)
        top = self.manipulate(path)
        keep: Manipulation = everything
        if mask is not None:
            top, keep = composite(top, path[-1], mask), keep_outside(mask, path)
        again = SeededNoise(seed, held, stream=f"{stream}again")
        denoiser, solver = self.sampler.way(self, path, mask, again)
        noise = SeededNoise(seed, held, stream=f"{stream}steps")
        return integrate(denoiser, solver, top, down, noise, lambda i, x: watch(i, keep(i, x)))


@dataclass(frozen=True)
class Halves:
    """Two denoisers for a batch of two halves: edited states first, their references second.

    So the reference is told what the picture shows, and the edit what it shall show. If both are
    the same, they are asked at once.
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
