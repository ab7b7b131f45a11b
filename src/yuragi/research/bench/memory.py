"""Peak memory of a block: of the allocator on a GPU, of the process on Linux."""

from __future__ import annotations

import contextlib
import ctypes
import gc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

__all__ = ["Peak", "peak_memory"]


@dataclass
class Peak:
    """The peak memory of a block, set when the block ends.

    Attributes:
        mib: the peak above the memory at the start, in MiB; NaN if the system does not report it.
    """

    mib: float = float("nan")


@contextlib.contextmanager
def peak_memory(device: torch.device) -> Iterator[Peak]:
    """Measure the peak memory of a block."""
    peak = Peak()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        yield peak
        peak.mib = (torch.cuda.max_memory_allocated(device) - before) / 2**20
        return
    _return_freed()
    try:
        Path("/proc/self/clear_refs").write_text("5")  # resets the high-water mark
    except OSError:
        yield peak
        return
    before_kib = _status("VmRSS")
    yield peak
    peak.mib = (_status("VmHWM") - before_kib) / 2**10


def _return_freed() -> None:
    """Return freed memory to the system; otherwise reuse of it would not be measured."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # other C libraries lack malloc_trim
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _status(name: str) -> int:
    """The value of a line of this process's status, in KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise OSError(f"no {name} in /proc/self/status")
