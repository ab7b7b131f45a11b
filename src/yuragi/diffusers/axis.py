r"""The noise levels of a diffusers scheduler, and how its network is told them.

    table    timestep = t, and (alpha, sigma) stand in the table
    flow     timestep = N sigma, and alpha = 1 - sigma

with N = ``num_train_timesteps``. A shift says which of a flow's levels a run visits; what a
timestep means does not depend on it.

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
"""By ``time_shift_type``: the shift that a pipeline's mu stands for."""


class Axis(Protocol):
    """A schedule in its own time, and the timesteps that stand for it."""

    @property
    def schedule(self) -> Schedule: ...

    def levels(self, timesteps: Tensor) -> tuple[Tensor, Tensor]:
        """(alpha, sigma) at these timesteps, of their shape, float64."""

    def times(self, timesteps: Tensor) -> Tensor:
        """The schedule's times."""

    def timesteps(self, times: Tensor) -> Tensor:
        """What the network reads at these times."""


@dataclass(frozen=True)
class TableAxis:
    """A table's times are its timesteps."""

    schedule: TableSchedule

    def levels(self, timesteps: Tensor) -> tuple[Tensor, Tensor]:
        return self.schedule(timesteps)

    def times(self, timesteps: Tensor) -> Tensor:
        return timesteps.double()

    def timesteps(self, times: Tensor) -> Tensor:
        return times


@dataclass(frozen=True)
class FlowAxis:
    """A flow's timesteps are `ticks` times sigma."""

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
        config: of a scheduler for a table or for a flow.
        mu: what a pipeline makes of the picture's size, for a flow whose shift depends on it.

    Raises:
        InputError: a configuration of neither, or mu for a table.
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
    """The shift of the flow that a configuration describes; None where it describes a table.

    Schedulers that are made for flows have a ``shift``. UniPC and DPM-Solver++ serve both: they
    always have betas, and leave them unread with ``use_flow_sigmas``.

    Raises:
        InputError: a configuration of neither, such as EDM's, or a flow whose time runs the other
            way, such as Mochi's.
    """
    for name, meaning in (("sigma_data", "EDM's levels"), ("invert_sigmas", "time from 0 to 1")):
        if config.get(name):
            allowed = f"one for a table of betas or for a flow, not one with {name}: {meaning}"
            raise InputError("scheduler", config.get("_class_name", "this one"), allowed)
    if config.get("use_flow_sigmas"):
        return float(config.get("flow_shift") or 1.0)
    return None if config.get("shift") is None else float(config["shift"])
