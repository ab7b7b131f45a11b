"""The store of results. Each is stored completely or not at all, whatever kills the process.

A result consists of its pictures and of its receipt, which is written last and says that all of
them exist. Every file is written atomically (temporary file, fsync, rename; on an object store, in
one request). So a resumed batch only has to look for receipts, and two processes that make the same
result write the same files.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import fsspec

from yuragi.errors import InputError
from yuragi.service.files import ask, write_whole

__all__ = ["Store", "open_store"]

FOLDER = "results"
TRIES = 3
"""How often a remote store is asked before its failure ends the batch."""


@dataclass(frozen=True)
class Store:
    """The folder of a batch.

    Attributes:
        files: the file system.
        folder: the folder on it.
        suffix: the ending of the names of pictures.
    """

    files: Any
    folder: str
    suffix: str

    def pictures(self, name: str, count: int) -> list[str]:
        """The files of a result, as paths in the folder; several are numbered."""
        numbers = [""] if count == 1 else [f"-{k:04d}" for k in range(count)]
        return [self._place(name) + number + self.suffix for number in numbers]

    def done(self) -> set[str]:
        """The names of all results.

        Raises:
            OSError: the folder cannot be listed.
        """
        found: Iterable[str] = ask(self.files, "find", f"{self.folder}/{FOLDER}", tries=TRIES)
        names = (PurePosixPath(place).name for place in found)
        return {each.removesuffix(self._receipt) for each in names if each.endswith(self._receipt)}

    def has(self, name: str) -> bool:
        """Whether a result exists; raises the errors of `done`."""
        return bool(ask(self.files, "exists", self._whole(name), tries=TRIES))

    def put(self, name: str, pictures: Sequence[bytes], report: Mapping[str, Any]) -> None:
        """Store a result.

        Args:
            name: its name.
            pictures: the bytes of its files.
            report: the content of its receipt.

        Raises:
            OSError: it cannot be written.
        """
        places = self.pictures(name, len(pictures))
        for place, data in zip(places, pictures, strict=True):
            self._write(f"{self.folder}/{place}", data)
        receipt = json.dumps({"files": places, **report}, default=str).encode()
        self._write(self._whole(name), receipt)

    def write_table(self, name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
        """Write a table as CSV, replacing an earlier one; returns its place.

        Raises:
            OSError: it cannot be written.
        """
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(head)
        writer.writerows(rows)
        place = f"{self.folder}/{name}.csv"
        # A row can hold half of a surrogate pair, which UTF-8 cannot.
        self._write(place, text.getvalue().encode("utf-8", "backslashreplace"))
        return place

    def _write(self, place: str, data: bytes) -> None:
        write_whole(self.files, {place: data}, TRIES)

    @property
    def _receipt(self) -> str:
        return f"{self.suffix}.json"

    def _whole(self, name: str) -> str:
        """The place of the receipt of a result."""
        return f"{self.folder}/{self._place(name)}{self._receipt}"

    def _place(self, name: str) -> str:
        # Folders of object stores and of ext4 become slow long before they are full.
        return f"{FOLDER}/{name.rpartition('-')[2][:2]}/{name}"


def open_store(url: str, suffix: str) -> Store:
    """Open a folder, or a URL of fsspec.

    Args:
        url: the place for the results.
        suffix: the ending of the names of pictures, such as ``.png``.

    Raises:
        InputError: the kind of file system is not supported here, or it cannot be written.
    """
    try:
        files, folder = fsspec.url_to_fs(url)
    except (ValueError, ImportError) as error:
        raise InputError("output", url, f"a folder or a URL of fsspec ({error})") from error
    store = Store(files, folder.rstrip("/"), suffix)
    try:
        write_whole(files, {f"{store.folder}/.probe": b""})
        with suppress(FileNotFoundError):  # another process tried at the same time
            files.rm_file(f"{store.folder}/.probe")
    except OSError as error:
        reason = f"the folder cannot be written: {error.strerror or error}"
        raise InputError("output", url, "", reason) from error
    return store
