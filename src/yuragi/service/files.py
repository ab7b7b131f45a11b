"""Files that appear whole or not at all, on any file system of fsspec."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fsspec.implementations.local import LocalFileSystem

__all__ = ["answering", "write_whole"]


@contextmanager
def answering() -> Iterator[None]:
    """Use a file system of fsspec, whose every failure is an `OSError`.

    Libraries of object stores have errors of their own for a store that cannot be reached, for
    missing credentials and the like.

    Raises:
        OSError: the file system failed. Its text names no address, because clients may see it.
    """
    try:
        yield
    except (OSError, MemoryError):
        raise
    except Exception as error:
        raise OSError(f"the store failed ({type(error).__name__})") from error


def write_whole(files: Any, place: str, data: bytes) -> None:
    """Write a file, which no one sees before it is whole and on the disk.

    Args:
        files: the file system.
        place: the path on it; folders are made.
        data: the content.

    Raises:
        OSError: it cannot be written; then nothing is there.
    """
    if not isinstance(files, LocalFileSystem):
        with answering():
            files.pipe_file(place, data)  # object stores show an object when it is whole
        return
    folder = Path(place).parent
    folder.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=folder, prefix=".partial-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, place)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
    entry = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(entry)  # the name, too, survives a power failure
    finally:
        os.close(entry)
