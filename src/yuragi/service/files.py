"""Files that are written completely or not at all, on any file system of fsspec."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from fsspec.asyn import AsyncFileSystem
from fsspec.implementations.local import LocalFileSystem

__all__ = ["answering", "ask", "write_whole"]


LOG = logging.getLogger(__name__)
DEADLINE_S = 120.0
"""How long a remote store may take for one answer; a stuck one would never answer."""
PAUSE_S = 5.0
"""The pause before it is asked again."""


@contextmanager
def answering() -> Iterator[None]:
    """Turn every failure of a file system of fsspec in the block into an `OSError`.

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
    """Call a method of a file system; a remote store must answer within `DEADLINE_S`.

    Args:
        files: the file system.
        method: the name of a method that can be repeated, such as ``cat_file``.
        given: its arguments.
        tries: how often a remote store is asked before its failure is an error.
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


def write_whole(files: Any, contents: Mapping[str, bytes], tries: int = 1) -> None:
    """Write files, each of which becomes visible when it is complete and on the disk.

    Args:
        files: the file system.
        contents: what to write, by the path on it; folders are made.
        tries: how often a remote store is asked; see `ask`.

    Raises:
        OSError: one cannot be written; then it is not there.
    """
    if not isinstance(files, LocalFileSystem):
        # Object stores show an object when it is complete.
        for place, data in contents.items():
            ask(files, "pipe_file", place, data, tries=tries)
        return
    partials: dict[str, str] = {}
    try:
        for place, data in contents.items():
            Path(place).parent.mkdir(parents=True, exist_ok=True)
            partials[place] = str(Path(place).with_name(f".partial-{uuid4().hex}"))
            # Not a temporary file, which no other user may read.
            with open(partials[place], "xb") as file:
                file.write(data)
        # All are written before the first wait: file systems bring them to the disk together, so
        # that the other waits are short.
        for partial in partials.values():
            _reach_disk(partial)
        for place, partial in partials.items():
            os.replace(partial, place)
    except BaseException:
        for partial in partials.values():
            Path(partial).unlink(missing_ok=True)
        raise
    for folder in {Path(place).parent for place in contents}:
        _reach_disk(folder)  # the names, too, survive a power failure


def _reach_disk(path: str | Path) -> None:
    """Wait until a file or a folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
