r"""Time grids: which noise levels a sampler visits.

A grid is a plain float64 tensor of `steps` + 1 strictly falling times that ends at
`schedule.clean`. Slices are grids too, and a flipped grid ascends, so an edit that goes up to 60 %
and back uses `times[-k:]` and its flip.

On a table, `trailing`, `leading` and `linspace` are the timesteps of diffusers' DDIM with the
`timestep_spacing` of the same name, followed by the clean end, for every number of steps. Four
differences remain:

- DDIM steps from t to t - N // steps by arithmetic rather than to the next entry of its own list,
  which is the same only when `steps` divides N and the spacing is trailing or leading;
- with `set_alpha_to_one=False` it ends at the table's first entry, t = 0, not at the clean end;
- at some numbers of steps (61, 103 and 60 others up to 1000 on a table of 1000) rounding gives its
  trailing list one more entry, t = -1. That is the clean end, where a grid ends anyway;
- with one step, its `leading` and `linspace` consist of t = 0, so that sampling from pure noise
  would start at the faintest level. Here one step is refused.

References: Lin et al. 2024 (arXiv 2305.08891), table 2 (the three spacings); Karras et al. 2022
(arXiv 2206.00364), equation 5; Lu et al. 2022 (arXiv 2206.00927), section 3.4 (log-SNR).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from yuragi.core.schedule import Schedule
from yuragi.core.table import TableSchedule
from yuragi.errors import InputError

__all__ = [
    "TimeGrid",
    "check_times",
    "karras",
    "leading",
    "linspace",
    "time_grids",
    "trailing",
    "uniform",
    "uniform_log_snr",
]


class TimeGrid(Protocol):
    """`(schedule, steps) -> times`, [steps + 1], falling, ending at the clean time."""

    def __call__(self, schedule: Schedule, steps: int, /) -> Tensor: ...


def uniform(schedule: Schedule, steps: int) -> Tensor:
    """Evenly spaced in t from `noisiest` to `clean`, not rounded."""
    _check_steps(steps)
    return torch.linspace(schedule.noisiest, schedule.clean, steps + 1, dtype=torch.float64)


def trailing(schedule: Schedule, steps: int) -> Tensor:
    """Evenly spaced from the noisiest level; whole timesteps on a table, `uniform` elsewhere."""
    if not isinstance(schedule, TableSchedule):
        return uniform(schedule, steps)
    size = _check_steps(steps, schedule)
    # This is diffusers' order of operations, on which the rounding of halves depends.
    above = np.arange(size, 0, -size / steps)[:steps].round()
    return _close(torch.from_numpy(above) + schedule.clean, schedule)


def leading(schedule: Schedule, steps: int, steps_offset: int = 0) -> Tensor:
    """Whole strides N // steps from t = `steps_offset`. For tables and at least two steps only."""
    table = _require_table(schedule, "leading")
    size = _check_steps(_several(steps), table)
    times = torch.arange(steps - 1, -1, -1, dtype=torch.float64) * (size // steps) + steps_offset
    if steps_offset < 0 or times[0] > table.noisiest:
        raise InputError("steps_offset", steps_offset, "times between 0 and the table's last entry")
    return _close(times, table)


def linspace(schedule: Schedule, steps: int) -> Tensor:
    """Evenly spaced from a table's last entry to its first, inclusive, with at least two steps."""
    table = _require_table(schedule, "linspace")
    _check_steps(_several(steps), table)
    # Diffusers uses NumPy's linspace, too; torch's differs in the last bit, which changes rounding.
    times = np.linspace(0, table.noisiest, steps).round()[::-1].copy()
    return _close(torch.from_numpy(times), table)


def karras(schedule: Schedule, steps: int, rho: float = 7.0) -> Tensor:
    """Evenly spaced in (sigma / alpha)^(1 / rho): small steps near the data."""
    if not rho > 0:
        raise InputError("rho", rho, "a number above 0")
    low, high = _log_snr_range(schedule)
    start, end = (-low / rho).exp(), (-high / rho).exp()
    root = torch.linspace(start, end, _several(steps), dtype=torch.float64)
    return _from_log_snr(-rho * root.log(), schedule)


def uniform_log_snr(schedule: Schedule, steps: int) -> Tensor:
    """Evenly spaced in log(alpha / sigma): the natural grid of the DPM solvers."""
    low, high = _log_snr_range(schedule)
    return _from_log_snr(torch.linspace(low, high, _several(steps), dtype=torch.float64), schedule)


time_grids: Mapping[str, TimeGrid] = MappingProxyType(
    {
        "trailing": trailing,
        "leading": leading,
        "linspace": linspace,
        "uniform": uniform,
        "karras": karras,
        "uniform_log_snr": uniform_log_snr,
    }
)
"""The grids by name."""


def check_times(times: Tensor, schedule: Schedule) -> Tensor:
    """Return `times` as float64 on the CPU, where scalars cost no device synchronisation.

    Raises:
        InputError: the times are not one-dimensional, fewer than two, not strictly monotone, or
            outside the schedule's range.
    """
    times = torch.as_tensor(times).detach().to("cpu", torch.float64)
    if times.ndim != 1 or len(times) < 2:
        raise InputError("times", tuple(times.shape), "one dimension with at least two times")
    change = times.diff()
    if not (bool((change > 0).all()) or bool((change < 0).all())):
        raise InputError("times", times.tolist(), "strictly rising or strictly falling times")
    if not (schedule.clean <= times.min() and times.max() <= schedule.noisiest):
        raise InputError("times", times.tolist(), f"{schedule.clean} to {schedule.noisiest}")
    return times


def _check_steps(steps: int, table: TableSchedule | None = None) -> int:
    size = 0 if table is None else len(table.alphas_cumprod)
    if steps < 1 or (table is not None and steps > size):
        raise InputError("steps", steps, f"1 to {size}" if table is not None else "1 or more")
    return size


def _several(steps: int) -> int:
    if steps < 2:
        allowed = "2 or more: with one, this spacing would start at the faintest level"
        raise InputError("steps", steps, allowed)
    return steps


def _require_table(schedule: Schedule, spacing: str) -> TableSchedule:
    if not isinstance(schedule, TableSchedule):
        allowed = "trailing, uniform, karras or uniform_log_snr for a continuous schedule"
        raise InputError("timestep_spacing", spacing, allowed)
    return schedule


def _close(times: Tensor, schedule: Schedule) -> Tensor:
    return torch.cat([times, torch.tensor([schedule.clean], dtype=torch.float64)])


def _log_snr_range(schedule: Schedule) -> tuple[Tensor, Tensor]:
    """Finite log-SNR at the noisy and at the faint end of a grid."""
    margin = schedule.faintest - schedule.clean
    ends = torch.tensor([schedule.noisiest, schedule.faintest], dtype=torch.float64)
    alpha, sigma = schedule(ends)
    if alpha[0] == 0:  # log-SNR is -inf: mirror the faintest level
        alpha, sigma = schedule(torch.stack([ends[0] - margin, ends[1]]))
    log_snr = (alpha / sigma).log()
    return log_snr[0], log_snr[1]


def _from_log_snr(log_snr: Tensor, schedule: Schedule) -> Tensor:
    """Times of these levels, with both ends set exactly, followed by the clean end."""
    times = schedule.time(log_snr)
    times[0], times[-1] = schedule.noisiest, schedule.faintest
    return _close(times, schedule)
