"""Peak memory of a block: the allocator's on a GPU, the process's on Linux."""

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
    """Filled in when the block ends.

    Attributes:
        mib: highest use above that at the start, MiB; NaN where the system does not tell.
    """

    mib: float = float("nan")


@contextlib.contextmanager
def peak_memory(device: torch.device) -> Iterator[Peak]:
    """Measure a block."""
    peak = Peak()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        yield peak
        peak.mib = (torch.cuda.max_memory_allocated(device) - before) / 2**20
        return
    _return_freed()
    try:
        Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts anew
    except OSError:
        yield peak
        return
    before_kib = _status("VmRSS")
    yield peak
    peak.mib = (_status("VmHWM") - before_kib) / 2**10


def _return_freed() -> None:
    """What was freed before goes back to the system, or it would hide what is used next."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # other C libraries have no such call
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def _status(name: str) -> int:
    """A line of this process's status, KiB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise OSError(f"no {name} in /proc/self/status")
