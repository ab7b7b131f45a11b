"""A separate clock for the processes of a service; the machine's clock is never changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from yuragi.errors import InputError

__all__ = ["Clock", "library"]


class Clock:
    """The clock that processes with `environment` see, by means of libfaketime.

    Args:
        file: a file that only this clock uses.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set(0)

    def set(self, hours: float) -> None:
        """Set the clock this many hours ahead of the machine's clock, or behind it if negative."""
        partial = self._file.with_suffix(".partial")
        partial.write_text(f"{hours:+.6f}h\n")
        partial.replace(self._file)

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables with which processes see this clock.

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
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",  # real systems never set this clock
        }


def library() -> Path | None:
    """The path of libfaketime; None if it is not installed."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return found[0] if found else None
