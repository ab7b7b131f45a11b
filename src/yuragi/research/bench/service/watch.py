"""The memory of processes while they work."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

__all__ = ["Memory", "memory_of", "watched"]

EVERY_S = 1.0


class Memory:
    """The resident memory of processes over time, in MiB.

    Attributes:
        seconds: the times of the readings, in seconds since the beginning.
        mib: the readings, by the names of the processes.
    """

    def __init__(self, processes: Mapping[str, int]) -> None:
        self._processes = processes
        self.seconds: list[float] = []
        self.mib: dict[str, list[float]] = {name: [] for name in processes}

    def read(self, seconds: float) -> None:
        """Read the memory once."""
        self.seconds.append(seconds)
        for name, process in self._processes.items():
            self.mib[name].append(memory_of(process))

    def report(self, points: int) -> dict[str, Any]:
        """The growth from the first quarter to the last one, and some points of the curves."""
        step = max(1, len(self.seconds) // points)
        quarter = max(1, len(self.seconds) // 4)
        return {
            name: {
                "first_quarter_mib": max(curve[:quarter]),
                "last_quarter_mib": max(curve[-quarter:]),
                "growth_mib": max(curve[-quarter:]) - max(curve[:quarter]),
                "seconds": [round(at, 1) for at in self.seconds[::step]],
                "mib": [round(value, 1) for value in curve[::step]],
            }
            for name, curve in self.mib.items()
        }


@contextmanager
def watched(processes: Mapping[str, int]) -> Iterator[Memory]:
    """Read the memory of processes every second until the block ends."""
    memory, over, began = Memory(processes), threading.Event(), time.monotonic()

    def read() -> None:
        while not over.wait(EVERY_S):
            memory.read(time.monotonic() - began)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield memory
    finally:
        over.set()
        reader.join()


def memory_of(process: int) -> float:
    """The resident memory of a process in MiB; Linux only.

    Raises:
        OSError: there is no such process.
    """
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 2**10
    raise ProcessLookupError(f"process {process} has ended")
