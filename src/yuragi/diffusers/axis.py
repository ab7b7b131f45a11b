r"""The noise levels of a diffusers scheduler, and the timesteps that its network reads.

    table    timestep = t, and (alpha, sigma) are in the table
    flow     timestep = N sigma, and alpha = 1 - sigma

with N = ``num_train_timesteps``. A shift decides which levels of a flow a run visits; the meaning
of a timestep does not depend on it.

References: Esser et al. 2024 (arXiv 2403.03206), equation 23 and section 5.3.2 (shift).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from yuragi.core import FlowSchedule, Schedule, TableSchedule
from yuragi.errors import InputError
from yuragi.models.schedules import schedule_from_config

__all__ = ["Axis", "axis_of", "flow_shift"]

SHIFTS: Mapping[str, Callable[[float], float]] = {"exponential": math.exp, "linear": float}
"""The shift for a pipeline's mu, by ``time_shift_type``."""


class Axis(Protocol):
    """A schedule, and the conversion between its times and a scheduler's timesteps."""

    @property
    def schedule(self) -> Schedule: ...

    def levels(self, timesteps: Tensor) -> tuple[Tensor, Tensor]:
        """(alpha, sigma) at these timesteps, of the same shape, float64."""

    def times(self, timesteps: Tensor) -> Tensor:
        """The schedule's times for these timesteps."""

    def timesteps(self, times: Tensor) -> Tensor:
        """The timesteps that the network reads at these times."""


@dataclass(frozen=True)
class TableAxis:
    """The axis of a table, whose times are its timesteps."""

    schedule: TableSchedule

    def levels(self, timesteps: Tensor) -> tuple[Tensor, Tensor]:
        return self.schedule(timesteps)

    def times(self, timesteps: Tensor) -> Tensor:
        return timesteps.double()

    def timesteps(self, times: Tensor) -> Tensor:
        return times


@dataclass(frozen=True)
class FlowAxis:
    """The axis of a flow, whose timesteps are `ticks` times sigma."""

    schedule: FlowSchedule
    ticks: float

    def levels(self, timesteps: Tensor) -> tuple[Tensor, Tensor]:
        sigma = timesteps.double() / self.ticks
        return 1 - sigma, sigma

    def times(self, timesteps: Tensor) -> Tensor:
        alpha, sigma = self.levels(timesteps)
        return self.schedule.time((alpha / sigma).log())

    def timesteps(self, times: Tensor) -> Tensor:
        _, sigma = self.schedule(times)
        return self.ticks * sigma


def axis_of(config: Mapping[str, Any], mu: float | None = None) -> Axis:
    """The noise levels that a scheduler's configuration describes.

    Args:
        config: the configuration of a scheduler for a table or a flow.
        mu: the value that a pipeline computes from the picture's size, for a flow whose shift
            depends on it.

    Raises:
        InputError: the configuration is of neither kind, or mu is given for a table.
    """
    shift = flow_shift(config)
    if shift is None:
        if mu is not None:
            raise InputError("mu", mu, "None: only a flow has a shift")
        return TableAxis(schedule_from_config(config))
    if mu is not None:
        shift = SHIFTS[config.get("time_shift_type") or "exponential"](mu)
    return FlowAxis(FlowSchedule(shift), float(config["num_train_timesteps"]))


def flow_shift(config: Mapping[str, Any]) -> float | None:
    """The shift of the flow that a configuration describes; None if it describes a table.

    Schedulers for flows have a ``shift``. UniPC and DPM-Solver++ support both: they always have
    betas, and ignore them with ``use_flow_sigmas``.

    Raises:
        InputError: the configuration is of neither kind, such as EDM's, or of a flow with reversed
            time, such as Mochi's.
    """
    for name, meaning in (("sigma_data", "EDM's levels"), ("invert_sigmas", "time from 0 to 1")):
        if config.get(name):
            allowed = f"one for a table of betas or for a flow, not one with {name}: {meaning}"
            raise InputError("scheduler", config.get("_class_name", "this one"), allowed)
    if config.get("use_flow_sigmas"):
        return float(config.get("flow_shift") or 1.0)
    return None if config.get("shift") is None else float(config["shift"])
