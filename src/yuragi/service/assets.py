"""The store of pictures: files named by the digest of their content, on any file system of fsspec.

A file is written completely or not at all, and writing it again changes nothing, so that a step
that is repeated after a crash does no harm. Names are only digests: no input of a client becomes a
path.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Any

import fsspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from yuragi.errors import InputError
from yuragi.service import tables
from yuragi.service.database import Database
from yuragi.service.files import ask, write_whole
from yuragi.service.jobs import NotFound
from yuragi.service.uploads import Upload
from yuragi.service.wire import Asset

__all__ = ["Assets", "open_assets"]

ID = re.compile(r"[0-9a-f]{32}")
ASSETS = tables.assets


@dataclass(frozen=True)
class Assets:
    """The store of pictures.

    Attributes:
        files: the file system.
        folder: the folder on it.
        database: the database that describes the files.
        tries: how often a remote store is asked before its failure is an error.
    """

    files: Any
    folder: str
    database: Database
    tries: int = 1

    def put(self, upload: Upload) -> Asset:
        """Store a checked picture; the same bytes again are the same asset.

        Raises:
            OSError: it cannot be written; then there is no such asset.
        """
        (asset,) = self._put([upload], self.database.writing())
        return asset

    def put_all(self, uploads: Sequence[Upload]) -> list[Asset]:
        """Store pictures that nobody learns of before another transaction of `writing` ends.

        Raises:
            OSError: one cannot be written.
        """
        return self._put(uploads, self.database.noting())

    def find(self, name: str) -> Asset:
        """What is known about an asset.

        Raises:
            NotFound: there is none with this id.
            OSError: the store does not answer.
        """
        self._place(name)
        found = self._row(name)
        # The row comes first, so there can be one for a file that could not be written.
        if not self.holds(name):
            raise NotFound(f"there is no asset {name}")
        return found

    def read(self, name: str) -> bytes:
        """The bytes of an asset.

        Raises:
            NotFound: there is none with this id.
            OSError: it cannot be read, or is damaged.
        """
        try:
            place = self._place(name)
            self._row(name)
            data: bytes = self.ask("cat_file", place)
        except FileNotFoundError as error:
            raise NotFound(f"there is no asset {name}") from error
        if hashlib.blake2b(data, digest_size=16).hexdigest() != name:
            raise OSError(f"the asset {name} is damaged")
        return data

    def holds(self, name: str) -> bool:
        """Whether the file of an asset exists.

        Raises:
            OSError: the store does not answer.
        """
        return bool(self.ask("exists", self._place(name)))

    def remove(self, name: str) -> bool:
        """Delete the file of an asset, within the transaction that deletes its row.

        Returns:
            whether the file existed.

        Raises:
            OSError: it cannot be deleted.
        """
        # Object stores delete what does not exist without an error.
        existed = self.holds(name)
        with suppress(FileNotFoundError):
            self.ask("rm_file", self._place(name))
        return existed

    def ask(self, method: str, *given: Any, **named: Any) -> Any:
        """Call a method of the file system; see `yuragi.service.files.ask`."""
        return ask(self.files, method, *given, tries=self.tries, **named)

    def write(self, contents: Mapping[str, bytes]) -> None:
        """Write files of the store, by place; see `yuragi.service.files.write_whole`."""
        write_whole(self.files, contents, self.tries)

    @property
    def writable(self) -> bool:
        """Whether pictures can be stored now."""
        try:
            self.write({f"{self.folder}/.probe": b""})
        except OSError:
            return False
        return True

    def _row(self, name: str) -> Asset:
        with self.database.reading() as connection:
            wanted = sa.select(ASSETS).where(ASSETS.c.id == name)
            row = connection.execute(wanted).one_or_none()
        if row is None:
            raise NotFound(f"there is no asset {name}")
        return Asset(**row._mapping)

    def _place(self, name: str) -> str:
        # A database does not take every text, so this comes before a query.
        if not ID.fullmatch(name):
            raise NotFound(f"there is no asset {name}")
        return f"{self.folder}/{name[:2]}/{name}"

    def _put(
        self, uploads: Sequence[Upload], transaction: AbstractContextManager[sa.Connection]
    ) -> list[Asset]:
        assets = [
            Asset(
                id=hashlib.blake2b(upload.data, digest_size=16).hexdigest(),
                media_type=upload.media_type,
                bytes=len(upload.data),
                width=upload.width,
                height=upload.height,
            )
            for upload in uploads
        ]
        with transaction as connection:  # first: it waits for a deletion that is under way
            _note(connection, assets)
        found = {self._place(one.id): up.data for one, up in zip(assets, uploads, strict=True)}
        self.write({place: found[place] for place in found if not self.ask("exists", place)})
        return assets


def _note(connection: sa.Connection, assets: Sequence[Asset]) -> None:
    """Record what is stored, and when it was last stored."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    new = insert(ASSETS)
    noted = new.on_conflict_do_update(index_elements=["id"], set_={"created": new.excluded.created})
    rows = {each.id: {**each.model_dump(), "created": time.time()} for each in assets}
    connection.execute(noted, [rows[name] for name in sorted(rows)])  # fixed order: no deadlocks


def open_assets(url: str, database: Database, tries: int = 1) -> Assets:
    """Open the store in a folder or at a URL of fsspec.

    Args:
        url: the folder or the URL.
        database: the database that describes the files.
        tries: how often a remote store is asked before its failure is an error.

    Raises:
        InputError: the kind of file system is not supported here.
    """
    try:
        files, folder = fsspec.url_to_fs(url)
    except (ValueError, ImportError) as error:
        raise InputError("assets", url, f"a folder or a URL of fsspec ({error})") from error
    return Assets(files, folder.rstrip("/"), database, tries)
