r"""Solvers of Yuragi as a scheduler of diffusers.

    pipe.scheduler = SolverScheduler.from_config(...)

A pipeline evaluates its network once per step, so only solvers with one evaluation are supported:
DDIM with any eta, ancestral sampling, and DPM-Solver++ of first and second order as ODE and SDE;
for tables of noise levels and for flows. The noise of an SDE is keyed by (seed, row of the batch,
step) as in `yuragi.tasks`, so picture k is the same in every batch, up to rounding. From equal
starts it is also the same as from `yuragi sample`, if the states have the same layout (Flux's
pipeline packs them). A generator of the caller is not used for this noise; it only decides the
start of the pipeline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import ConfigMixin, SchedulerMixin
from diffusers.configuration_utils import register_to_config
from diffusers.schedulers.scheduling_utils import SchedulerOutput
from torch import Tensor

from yuragi.core import Direct, Schedule, SeededNoise, check_times, predictions, time_grids
from yuragi.diffusers.axis import Axis, axis_of
from yuragi.errors import InputError
from yuragi.models.schedules import SHIFTS, flow_shift, grids_of
from yuragi.solver import Memory, Solver, make_solver

__all__ = ["SolverScheduler"]


class SolverScheduler(SchedulerMixin, ConfigMixin):  # type: ignore[misc]
    """A solver of Yuragi as a scheduler, for a table of noise levels or a flow.

    Args:
        solver: a name of `yuragi.solver.solvers` that evaluates the network once a step.
        eta: the amount of noise of the solver ``ddim``.
        seed: the seed of the noise of an SDE.
        num_train_timesteps: the number of timesteps of the table, as in diffusers; for a flow, the
            factor from sigma to a timestep.
        beta_start: the first beta of the table, as in diffusers.
        beta_end: the last beta of the table, as in diffusers.
        beta_schedule: the name of the table's schedule of betas, as in diffusers.
        trained_betas: the betas themselves, as in diffusers.
        rescale_betas_zero_snr: whether the table is rescaled to zero terminal SNR.
        prediction_type: the prediction, as in diffusers; None is ``flow_prediction`` for a flow and
            ``epsilon`` for a table.
        timestep_spacing: a name in `yuragi.core.time_grids`.
        steps_offset: the offset of the spacing ``leading``, as in diffusers.
        shift: the shift of a flow, as in diffusers; None for a table.
        use_dynamic_shifting: whether the pipeline computes the shift of a flow from the picture's
            size.
        time_shift_type: the kind of dynamic shift, ``exponential`` or ``linear``.
        base_shift: the shift at `base_image_seq_len`, which pipelines read for dynamic shifting.
        max_shift: the shift at `max_image_seq_len`, which pipelines read for dynamic shifting.
        base_image_seq_len: the number of tokens at `base_shift`.
        max_image_seq_len: the number of tokens at `max_shift`.

    Raises:
        InputError: the solver evaluates the network more than once a step, an eta is given without
            ``ddim``, or a grid, prediction or kind of shift is unknown.
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
        prediction_type: str | None = None,
        timestep_spacing: str = "trailing",
        steps_offset: int = 0,
        shift: float | None = None,
        use_dynamic_shifting: bool = False,
        time_shift_type: str = "exponential",
        base_shift: float = 0.5,
        max_shift: float = 1.15,
        base_image_seq_len: int = 256,
        max_image_seq_len: int = 4096,
    ) -> None:
        made = make_solver(solver, eta, steps=1)
        if made.evaluations != 1:
            allowed = "a solver that evaluates the network once a step, as the pipeline does"
            raise InputError("solver", solver, allowed)
        kind = prediction_type or ("epsilon" if shift is None else "flow_prediction")
        for name, value, known in (
            ("prediction_type", kind, predictions),
            ("timestep_spacing", timestep_spacing, time_grids),
            ("time_shift_type", time_shift_type, SHIFTS),
        ):
            if value not in known:
                raise InputError(name, value, "one of " + ", ".join(known))
        self.register_to_config(prediction_type=kind)
        self._solver = made
        self._axis: Axis = axis_of(self.config)
        self._memory: Memory = self._solver.init()
        self._times = torch.empty(0)
        self.timesteps = torch.empty(0)
        self.num_inference_steps: int | None = None
        self._at = 0

    @classmethod
    def from_config(
        cls, config: Any = None, return_unused_kwargs: bool = False, **changes: Any
    ) -> Any:
        """The scheduler for the noise levels of another scheduler's configuration.

        Flows are recognised in the configuration of any scheduler, and get the grid ``trailing``.
        An eta belongs to its solver and is dropped if `changes` names another solver.

        Args:
            config: the configuration of a scheduler for a table or a flow.
            return_unused_kwargs: whether to return unused arguments as well, as in diffusers.
            changes: arguments of the class that replace those of the configuration.

        Raises:
            InputError: the noise levels are neither a table's nor a flow's.
        """
        found: dict[str, Any] = {"eta": None} if "solver" in changes else {}
        if isinstance(config, Mapping) and flow_shift(config) is not None:
            found["shift"] = flow_shift(config)
            if config.get("use_flow_sigmas"):
                found["timestep_spacing"] = "trailing"  # the configured value is for tables
        return super().from_config(config, return_unused_kwargs, **{**found, **changes})

    def set_timesteps(
        self,
        num_inference_steps: int | None = None,
        device: str | torch.device | None = None,
        timesteps: Sequence[float] | Tensor | None = None,
        sigmas: Sequence[float] | Tensor | None = None,
        mu: float | None = None,
    ) -> None:
        """Choose the noise levels of a run, and discard the state of the previous run.

        Give exactly one of `num_inference_steps`, `timesteps` and `sigmas`.

        Args:
            num_inference_steps: the number of steps on the grid ``timestep_spacing``.
            device: the device of `timesteps`.
            timesteps: the falling timesteps that the network reads, without the clean end.
            sigmas: the falling noise levels of a flow before the shift, as in diffusers, without
                the clean end.
            mu: the value that the pipeline of a flow computes from the picture's size. It replaces
                `shift`.

        Raises:
            InputError: none or several of the three are given; levels do not fall or are outside
                the schedule; sigmas or mu are given for a table.
        """
        self._axis = axis_of(self.config, mu)
        self._times = self._chosen(num_inference_steps, timesteps, sigmas)
        # Some devices have single precision only, and networks do not read more.
        self.timesteps = self._axis.timesteps(self._times[:-1]).float().to(device=device)
        self.num_inference_steps = len(self.timesteps)
        self._memory, self._at = self._solver.init(), 0

    def _chosen(
        self,
        steps: int | None,
        timesteps: Sequence[float] | Tensor | None,
        sigmas: Sequence[float] | Tensor | None,
    ) -> Tensor:
        """The times of a run, including the clean end."""
        schedule = self._axis.schedule
        if timesteps is not None:
            times = self._axis.times(torch.as_tensor(timesteps, dtype=torch.float64).cpu())
        elif sigmas is not None:
            if self.config["shift"] is None:
                raise InputError("sigmas", sigmas, "None for a table of noise levels")
            times = torch.as_tensor(sigmas, dtype=torch.float64).cpu()
        elif steps is not None:
            return grids_of(self, tokens=0)[self.config["timestep_spacing"]](schedule, steps)
        else:
            raise InputError("num_inference_steps", None, "a number, or timesteps, or sigmas")
        return check_times(torch.cat([times, torch.tensor([schedule.clean]).double()]), schedule)

    def set_begin_index(self, begin_index: int = 0) -> None:
        """Start at a later level, as image-to-image pipelines do."""
        self._at = begin_index

    def scale_model_input(self, sample: Tensor, timestep: Any = None) -> Tensor:
        """Return the state, because the network reads it without scaling."""
        return sample

    def step(
        self,
        model_output: Tensor,
        timestep: Any,
        sample: Tensor,
        eta: float = 0.0,
        use_clipped_model_output: bool | None = None,
        generator: Any = None,
        return_dict: bool = True,
    ) -> SchedulerOutput | tuple[Tensor]:
        """One step down.

        Args:
            model_output: the output of the network, [b, ...]; it can include a variance.
            timestep: not used, because steps are counted.
            sample: the state, [b, ...].
            eta: the eta that a pipeline passes. A value above 0 replaces that of the configuration;
                0 has no effect, because every pipeline passes it by default.
            use_clipped_model_output: the value that `DDIMPipeline` passes; clipping is not
                supported.
            generator: not used, because the noise is keyed by the seed.
            return_dict: whether to return an output object, as in diffusers.

        Raises:
            InputError: `set_timesteps` was not called, the last level is passed, an eta above 0 is
                given with another solver than ``ddim``, or clipping is requested.
        """
        if self._at + 1 >= len(self._times):
            raise InputError("timestep", timestep, "a level of set_timesteps")
        if use_clipped_model_output:
            raise InputError("use_clipped_model_output", True, "None: nothing is clipped here")
        solver: Solver = make_solver(self.config["solver"], eta) if eta else self._solver
        t, s = self._times[self._at], self._times[self._at + 1]
        x = sample.float()
        kind = predictions[self.config["prediction_type"]]
        known = _Known(self._axis.schedule, kind, model_output)
        transition, self._memory = solver.step(known, x, t, s, self._memory)
        noise = (
            SeededNoise(self.config["seed"], stream="steps")(self._at, x)
            if transition.noisy
            else None
        )
        self._at += 1
        after = transition.draw(noise).to(sample.dtype)
        return SchedulerOutput(prev_sample=after) if return_dict else (after,)

    def add_noise(self, original_samples: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """Add noise to clean states, up to these levels.

        Args:
            original_samples: the clean states [b, ...].
            noise: noise of the same shape.
            timesteps: one timestep per row, or one for all.

        Raises:
            InputError: the number of timesteps is neither 1 nor b.
        """
        told, rows = torch.as_tensor(timesteps).flatten().cpu(), len(original_samples)
        if len(told) not in (1, rows):
            raise InputError("timesteps", len(told), f"1 timestep, or one for each of {rows} rows")
        alpha, sigma = (
            value.to(original_samples).reshape(-1, *[1] * (original_samples.ndim - 1))
            for value in self._axis.levels(told)
        )
        return alpha * original_samples + sigma * noise

    def scale_noise(self, sample: Tensor, timestep: Tensor, noise: Tensor) -> Tensor:
        """The same as `add_noise`, under the name that pipelines of flows use."""
        return self.add_noise(sample, noise, timestep)

    def __len__(self) -> int:
        return int(self.config["num_train_timesteps"])


@dataclass(frozen=True)
class _Known:
    """A denoiser whose output is already known."""

    schedule: Schedule
    prediction: Direct
    output: Tensor

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        alpha, sigma = self.schedule(t)
        return self.prediction.x0(self.output[:, : x.shape[1]].to(x), x, alpha.to(x), sigma.to(x))
