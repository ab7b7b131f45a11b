r"""Our solvers as a scheduler of diffusers: ``pipe.scheduler = SolverScheduler.from_config(...)``.

A pipeline evaluates its network once a step, so solvers that ask it once fit: DDIM with any eta,
ancestral sampling, DPM-Solver++ of first and second order as ODE and SDE. The noise of an SDE is
keyed by (seed, row of the batch, step) as in `yuragi.recipe`, so picture k is the same in every
batch, and from equal starts the same as by `yuragi sample`. A generator that the caller hands over
is not used for it; it only decides the pipeline's start.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import ConfigMixin, SchedulerMixin
from diffusers.configuration_utils import register_to_config
from diffusers.schedulers.scheduling_utils import SchedulerOutput
from torch import Tensor

from yuragi.adapters.schedules import schedule_from_config
from yuragi.core import Direct, Schedule, SeededNoise, predictions, time_grids
from yuragi.errors import InputError
from yuragi.solver import Memory, make_solver

__all__ = ["SolverScheduler"]

ONCE = ("ddim", "ddpm", "euler", "dpm++", "dpm++2m", "sde-dpm++", "sde-dpm++2m")
"""Solvers that ask the network once a step."""


class SolverScheduler(SchedulerMixin, ConfigMixin):  # type: ignore[misc]
    """One of our solvers over a table of noise levels.

    Args:
        solver: a name of `ONCE`.
        eta: noise of the solver ``ddim``.
        seed: of the noise of an SDE.
        num_train_timesteps: of the table, as in diffusers.
        beta_start: likewise.
        beta_end: likewise.
        beta_schedule: likewise.
        trained_betas: likewise.
        rescale_betas_zero_snr: likewise.
        prediction_type: likewise.
        timestep_spacing: a name of `yuragi.core.time_grids`.

    Raises:
        InputError: a solver that asks more than once, an eta without ``ddim``, or an unknown grid
            or prediction.
    """

    order = 1
    init_noise_sigma = 1.0

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
        solver: str = "sde-dpm++2m",
        eta: float | None = None,
        seed: int = 0,
        num_train_timesteps: int = 1000,
        beta_start: float = 0.0001,
        beta_end: float = 0.02,
        beta_schedule: str = "linear",
        trained_betas: Sequence[float] | None = None,
        rescale_betas_zero_snr: bool = False,
        prediction_type: str = "epsilon",
        timestep_spacing: str = "trailing",
    ) -> None:
        if solver not in ONCE:
            raise InputError("solver", solver, "one of " + ", ".join(ONCE))
        for name, value, known in (
            ("prediction_type", prediction_type, predictions),
            ("timestep_spacing", timestep_spacing, time_grids),
        ):
            if value not in known:
                raise InputError(name, value, "one of " + ", ".join(known))
        self._solver = make_solver(solver, eta)
        self._schedule = schedule_from_config(self.config)
        self._memory: Memory = self._solver.init()
        self._times = torch.empty(0)
        self.timesteps = torch.empty(0)
        self.num_inference_steps: int | None = None
        self._at = 0

    def set_timesteps(
        self, num_inference_steps: int, device: str | torch.device | None = None
    ) -> None:
        """Choose the noise levels of a run, and forget the one before."""
        grid = time_grids[self.config["timestep_spacing"]]
        self._times = grid(self._schedule, num_inference_steps)
        self.timesteps = self._times[:-1].to(device=device)
        self.num_inference_steps = num_inference_steps
        self._memory, self._at = self._solver.init(), 0

    def set_begin_index(self, begin_index: int = 0) -> None:
        """Start at a later level, as image-to-image pipelines do."""
        self._at = begin_index

    def scale_model_input(self, sample: Tensor, timestep: Any = None) -> Tensor:
        """States are what the network reads."""
        return sample

    def step(
        self,
        model_output: Tensor,
        timestep: Any,
        sample: Tensor,
        generator: Any = None,
        return_dict: bool = True,
    ) -> SchedulerOutput | tuple[Tensor]:
        """One step down.

        Raises:
            InputError: before `set_timesteps`, or beyond the last level.
        """
        if self._at + 1 >= len(self._times):
            raise InputError("timestep", timestep, "a level of set_timesteps")
        t, s = self._times[self._at], self._times[self._at + 1]
        x = sample.float()
        known = _Known(self._schedule, predictions[self.config["prediction_type"]], model_output)
        transition, self._memory = self._solver.step(known, x, t, s, self._memory)
        noise = (
            SeededNoise(self.config["seed"], stream="steps")(self._at, x)
            if transition.noisy
            else None
        )
        self._at += 1
        after = transition.draw(noise).to(sample.dtype)
        return SchedulerOutput(prev_sample=after) if return_dict else (after,)

    def add_noise(self, original_samples: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """Clean states at these levels, one for each row."""
        rows = []
        for x0, z, t in zip(original_samples, noise, timesteps.flatten(), strict=True):
            alpha, sigma = (value.to(x0) for value in self._schedule(t.double().cpu()))
            rows.append(alpha * x0 + sigma * z)
        return torch.stack(rows)

    def __len__(self) -> int:
        return int(self.config["num_train_timesteps"])


@dataclass(frozen=True)
class _Known:
    """A denoiser that has been asked already."""

    schedule: Schedule
    prediction: Direct
    output: Tensor

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        alpha, sigma = self.schedule(t)
        return self.prediction.x0(self.output[:, : x.shape[1]].to(x), x, alpha.to(x), sigma.to(x))
