r"""The noise levels of a diffusers scheduler, and the timesteps that its network reads.

    table    timestep = t, and (alpha, sigma) are in the table
    flow     timestep = N sigma, and alpha = 1 - sigma

with N = ``num_train_timesteps``. A shift decides which levels of a flow a run visits; the meaning
of a timestep does not depend on it.

References: Esser et al. 2024 (arXiv 2403.03206), equation 23 and section 5.3.2 (shift).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from yuragi.core import FlowSchedule, Schedule, TableSchedule
from yuragi.errors import InputError
from yuragi.models.schedules import dynamic_shift, flow_shift, schedule_from_config

__all__ = ["Axis", "axis_of"]


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
        shift = dynamic_shift(config, mu)
    return FlowAxis(FlowSchedule(shift), float(config["num_train_timesteps"]))
