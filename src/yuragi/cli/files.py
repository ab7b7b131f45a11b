"""Where results may go: checked before any model runs, by trying."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from yuragi.errors import InputError

__all__ = ["check_folder", "check_output", "check_report", "writing"]


def check_output(
    argument: str, path: Path, taken: Sequence[Path], overwrite: bool, suffixes: Sequence[str]
) -> None:
    """Refuse a file name that would not work, or that would cost the user a file.

    Args:
        argument: how errors call it.
        path: the file to write later; nothing is written now.
        taken: files that are read, or written for something else.
        overwrite: whether an existing file may be replaced.
        suffixes: what the name may end in.

    Raises:
        InputError: any of these, or a folder that cannot be written.
    """
    if path.suffix.lower() not in suffixes:
        raise InputError(argument, str(path), "a file name ending in " + ", ".join(suffixes))
    if any(path.resolve() == other.resolve() for other in taken):
        reason = "this file is read, or written for something else, by the same command"
        raise InputError(argument, str(path), "another file", reason)
    if path.exists() and not path.is_dir() and not overwrite:
        raise InputError(argument, str(path), "a new one without --overwrite", "the file exists")
    check_report(argument, path)


def check_report(argument: str, path: Path) -> None:
    """Refuse a file that cannot be written; a report may replace an older one.

    Raises:
        InputError: it is a folder, or its folder cannot be written.
    """
    if path.is_dir():
        raise InputError(argument, str(path), "a file", "this is a folder")
    check_folder(argument, path.parent)


def check_folder(argument: str, folder: Path) -> None:
    """Refuse a folder in which nothing can be written or made; leaves nothing behind.

    Raises:
        InputError: it, or the nearest of its parents that exists, is no folder or refuses a file.
    """
    existing = folder.absolute()
    while not existing.exists():
        existing = existing.parent
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        reason = f"the folder cannot be written: {error.strerror}"
        raise InputError(argument, str(folder), "", reason) from error


@contextmanager
def writing(path: Path, finished: Sequence[Path]) -> Iterator[None]:
    """Name the file that could not be written, and those that were finished before.

    Raises:
        OSError: with these words; the disk is full, for example.
    """
    try:
        yield
    except OSError as error:
        kept = f"; finished files are kept: {', '.join(map(str, finished))}" if finished else ""
        reason = error.strerror or str(error)
        raise OSError(f"{path}: the file cannot be written: {reason}{kept}") from error
