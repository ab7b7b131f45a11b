"""A clock of our own for the processes of a service: the machine's is never touched."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from yuragi.errors import InputError

__all__ = ["Clock", "library"]


class Clock:
    """What time it is for processes with `environment`, as libfaketime tells them.

    Args:
        file: a file of its own.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set(0)

    def set(self, hours: float) -> None:
        """Set the clock so far ahead of the machine's, or back if negative."""
        partial = self._file.with_suffix(".partial")
        partial.write_text(f"{hours:+.6f}h\n")
        partial.replace(self._file)

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables with which processes see this clock.

        Raises:
            InputError: libfaketime is not installed.
        """
        found = library()
        if found is None:
            raise InputError("clock", None, "", "libfaketime is not installed (package faketime)")
        return {
            "LD_PRELOAD": str(found),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # no system sets that one
        }


def library() -> Path | None:
    """The library that tells processes another time; None if it is not installed."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return found[0] if found else None
