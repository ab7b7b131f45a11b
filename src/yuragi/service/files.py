"""Files that appear whole or not at all, on any file system of fsspec."""

from __future__ import annotations

import logging
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fsspec.asyn import AsyncFileSystem
from fsspec.implementations.local import LocalFileSystem

__all__ = ["answering", "ask", "write_whole"]


LOG = logging.getLogger(__name__)
DEADLINE_S = 120.0
"""How long a store that is elsewhere may take for one answer: a stuck one would say nothing."""
PAUSE_S = 5.0
"""How long is waited before it is asked again."""


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
    except TimeoutError as error:
        raise OSError(f"the store did not answer within {DEADLINE_S:g} seconds") from error
    except (OSError, MemoryError):
        raise
    except Exception as error:
        raise OSError(f"the store failed ({type(error).__name__})") from error


def ask(files: Any, method: str, *given: Any, tries: int = 1, **named: Any) -> Any:
    """Call a method of a file system; a store that is elsewhere must answer within `DEADLINE_S`.

    Args:
        files: the file system.
        method: the name of a method that can be repeated, such as ``cat_file``.
        given: its arguments.
        tries: how often a store that is elsewhere is asked before its failure is an error.
        named: further arguments.

    Raises:
        OSError: the file system failed; see `answering`.
    """
    elsewhere = isinstance(files, AsyncFileSystem)
    limit = {"timeout": DEADLINE_S} if elsewhere else {}
    for left in reversed(range(tries if elsewhere else 1)):
        try:
            with answering():
                return getattr(files, method)(*given, **named, **limit)
        except FileNotFoundError:
            raise
        except OSError as error:
            if not left:
                raise
            LOG.warning("%s; it is asked again", error)
            time.sleep(PAUSE_S)
    raise AssertionError("there is one try at least")


def write_whole(files: Any, place: str, data: bytes, tries: int = 1) -> None:
    """Write a file, which no one sees before it is whole and on the disk.

    Args:
        files: the file system.
        place: the path on it; folders are made.
        data: the content.
        tries: how often a store that is elsewhere is asked; see `ask`.

    Raises:
        OSError: it cannot be written; then nothing is there.
    """
    if not isinstance(files, LocalFileSystem):
        # Object stores show an object when it is whole.
        ask(files, "pipe_file", place, data, tries=tries)
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
