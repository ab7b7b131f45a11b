"""Files that a manifest names: paths, which are relative to its folder, and URLs of fsspec."""

from __future__ import annotations

from pathlib import Path

import fsspec

from yuragi.errors import InputError
from yuragi.service.files import answering, ask

__all__ = ["beside", "fetch", "is_url"]

TRIES = 3
"""How often a remote file system is asked for a file."""


def is_url(place: str) -> bool:
    """Whether a place is a URL of fsspec and not a path on this machine."""
    return "://" in place


def beside(manifest: str, place: str) -> str:
    """A place that a manifest names: unchanged if it is complete, otherwise in the same folder."""
    if is_url(place) or Path(place).is_absolute():
        return place
    if is_url(manifest):
        return f"{manifest.rpartition('/')[0]}/{place}"
    return str(Path(manifest).parent / place)


def fetch(place: str, argument: str) -> bytes:
    """The bytes of a file.

    Args:
        place: a path or a URL of fsspec.
        argument: the name of the file in errors.

    Raises:
        InputError: it is missing or cannot be read.
    """
    try:
        with answering():
            files, path = fsspec.url_to_fs(place)
        found: bytes = ask(files, "cat_file", path, tries=TRIES)
    except FileNotFoundError as error:
        raise InputError(argument, place, "", "the file is missing") from error
    except OSError as error:
        reason = f"the file cannot be read: {error.strerror or error}"
        raise InputError(argument, place, "", reason) from error
    return found
