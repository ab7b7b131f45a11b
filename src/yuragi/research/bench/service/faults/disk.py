"""A small disk that can be filled quickly."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from yuragi.errors import InputError

__all__ = ["small_disk"]

SIZE = 1 << 20


@contextmanager
def small_disk() -> Iterator[tuple[Path, Callable[[], Path]]]:
    """A folder on a disk of 1 MiB, and a function that fills it and returns the file to delete.

    Raises:
        InputError: this user is not allowed to mount a disk.
    """
    with TemporaryDirectory(prefix="yuragi-disk-") as name:
        folder = Path(name) / "disk"
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            reason = "only root can mount a small disk"
            raise InputError("scenario", "disk", "", reason) from error
        try:
            yield folder / "assets", lambda: _filled(folder / "ballast")
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True, capture_output=True)


def _filled(ballast: Path) -> Path:
    with ballast.open("wb", buffering=0) as file:
        for block in (1 << 16, 1 << 12):
            try:
                while True:
                    file.write(os.urandom(block))
            except OSError:
                pass
    return ballast
