"""Checks that output files can be written, before any model runs."""

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
    """Refuse a file that cannot be written, or that would replace a file unintentionally.

    Args:
        argument: the name of the argument in errors.
        path: the file to write later; nothing is written now.
        taken: the files that are read, or written as other outputs.
        overwrite: whether an existing file can be replaced.
        suffixes: the allowed suffixes of the name.

    Raises:
        InputError: the file is refused, or its folder cannot be written.
    """
    if path.suffix.lower() not in suffixes:
        raise InputError(argument, str(path), "a file name ending in " + ", ".join(suffixes))
    if any(path.resolve() == other.resolve() for other in taken):
        reason = "this file is read, or written for something else, by the same command"
        raise InputError(argument, str(path), "another file", reason)
    if path.exists() and not path.is_dir() and not overwrite:
        advice = "choose another name, or add --overwrite"
        raise InputError(argument, str(path), "", "the file exists", advice)
    check_report(argument, path)


def check_report(argument: str, path: Path) -> None:
    """Refuse a report that cannot be written; it can replace an older report.

    Raises:
        InputError: the path is a folder, or its folder cannot be written.
    """
    if path.is_dir():
        raise InputError(argument, str(path), "a file", "this is a folder")
    check_folder(argument, path.parent)


def check_folder(argument: str, folder: Path) -> None:
    """Refuse a folder in which files cannot be created. The check leaves no files behind.

    Raises:
        InputError: the folder, or its nearest existing parent, is not a folder or not writable.
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
    """Make an error name the file that could not be written, and the files that are finished.

    Raises:
        OSError: the file could not be written, for example because the disk is full.
    """
    try:
        yield
    except OSError as error:
        kept = f"; finished files are kept: {', '.join(map(str, finished))}" if finished else ""
        reason = error.strerror or str(error)
        raise OSError(f"{path}: the file cannot be written: {reason}{kept}") from error
