"""Connections to the database of the service: a SQLite file, or PostgreSQL."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from yuragi.errors import InputError, YuragiError
from yuragi.service.audit import forgetting, settle
from yuragi.service.masking import masked

__all__ = ["Database", "open_database", "open_used_database", "or_crash", "reaching"]

LOG = logging.getLogger(__name__)

BUSY_MS = 30_000
WRITES = "yuragi_writes"


@dataclass(frozen=True)
class Database:
    """The database of the service.

    Attributes:
        engine: connections to it.
        url: its address, as DBOS writes it.
        turn: the lock with which the threads of this process write to SQLite one after another.
            SQLite itself makes waiting threads sleep and try again, and some wait long.
    """

    engine: sa.Engine
    url: str
    turn: AbstractContextManager[Any] = field(default_factory=nullcontext)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A transaction that only reads."""
        with self.engine.begin() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction that writes, and is on the disk when it ends.

        On SQLite it waits for its turn when it begins.
        """
        with self._turn("FULL") as connection:
            yield connection

    @contextmanager
    def noting(self) -> Iterator[sa.Connection]:
        """A transaction that does not wait for the disk, for writes that a worker would redo.

        The crash of a process loses nothing. A power failure can lose it together with everything
        that was written after it, until the next transaction of `writing` ends.
        """
        with self._turn("NORMAL") as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("SET LOCAL synchronous_commit = off"))
            yield connection

    @contextmanager
    def _turn(self, synchronous: str) -> Iterator[sa.Connection]:
        marked = self.engine.connect().execution_options(**{WRITES: synchronous})
        with self.turn, marked as connection, connection.begin(), forgetting(connection):
            yield connection
            settle(connection)

    def migrate(self) -> None:
        """Create the tables, or bring those of an earlier version up to date.

        The folder of a SQLite file is created if it is missing.

        Processes that start together do this one after another.
        """
        with self._alone(), self.engine.connect() as connection:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Exclude all other processes of the service."""
        if self.engine.dialect.name == "sqlite":
            file = Path(f"{self.engine.url.database}.lock").absolute()
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
            return
        with self.engine.begin() as connection:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(8420)"))
            yield

    @property
    def current(self) -> bool:
        """Whether the tables are those of this version; raises what the database raises."""
        return self._revision == ScriptDirectory.from_config(_config()).get_current_head()

    @property
    def used(self) -> bool:
        """Whether a service has used this database; raises what the database raises."""
        return self._revision is not None

    @property
    def _revision(self) -> str | None:
        """The version of the tables; None if there are none."""
        url, sqlite = self.engine.url, self.engine.dialect.name == "sqlite"
        if sqlite and not Path(str(url.database)).exists():
            return None  # connecting would create the file
        with self.reading() as connection:
            return MigrationContext.configure(connection).get_current_revision()


@contextmanager
def or_crash() -> Iterator[None]:
    """End the process of a worker if the database fails in the block.

    Without the job table it cannot report anything, and its job may be given to others. After a
    restart it continues its job as after any other crash.
    """
    try:
        yield
    except sa.exc.DBAPIError:
        LOG.exception("the database does not answer; this worker ends")
        os._exit(1)


def open_database(url: str) -> Database:
    """Open the database at a URL; it is not connected to before it is used.

    Its errors do not contain the parameters of statements, because these are prompts among others,
    and errors are logged.

    Raises:
        InputError: the URL is not one of SQLite or PostgreSQL.
    """
    allowed = "sqlite:///FILE or postgresql://USER@HOST/NAME"
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError) as error:  # a port that is not a number
        # The address is not shown, because it may contain a password.
        raise InputError("database", None, allowed, "the address cannot be read") from error
    match parsed.get_backend_name():
        case "sqlite" if parsed.database and parsed.database != ":memory:":
            engine = sa.create_engine(
                parsed, connect_args={"timeout": BUSY_MS / 1000}, hide_parameters=True
            )
            sa.event.listen(engine, "connect", _prepare_sqlite)
            sa.event.listen(engine, "begin", _begin_sqlite)
            return Database(engine, url, threading.Lock())
        case "postgresql" if parsed.database:
            engine = sa.create_engine(
                parsed.set(drivername="postgresql+psycopg"),
                pool_pre_ping=True,
                hide_parameters=True,
            )
            sa.event.listen(engine, "handle_error", _without_rows)
            plain = parsed.set(drivername="postgresql")
            return Database(engine, plain.render_as_string(hide_password=False))
        case _:
            raise InputError("database", masked(url), allowed)


def _without_rows(context: sa.engine.ExceptionContext) -> None:
    """Keep the first line of an error of PostgreSQL: the next ones show the row of a statement."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args:
            error.args = (str(error.args[0]).partition("\n")[0], *error.args[1:])


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Turn failures of a database in the block into an error for the user, without statements.

    Raises:
        YuragiError: the database cannot be reached or used.
    """
    try:
        yield
    except (sa.exc.DBAPIError, OSError) as error:
        cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
        reason = str(cause).partition("\n")[0]
        raise YuragiError(f"the database {masked(url)} cannot be used: {reason}") from error


def open_used_database(url: str) -> Database:
    """Open the database of a service that has run before, and bring its tables up to date.

    Raises:
        InputError: see `open_database`; or no service has used this database.
        YuragiError: it cannot be reached or used.
    """
    found = open_database(url)
    with reaching(url):
        if found.used:
            found.migrate()
            return found
    allowed = "the database of a service"
    raise InputError("database", masked(url), allowed, "no service has used it")


def _prepare_sqlite(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # transactions begin in `_begin_sqlite`
    # With a write-ahead log, readers and a writer do not wait for one another.
    wanted = f"busy_timeout={BUSY_MS}", "journal_mode=WAL", "foreign_keys=ON"
    for pragma in wanted:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get(WRITES)
    if writes is None:
        connection.exec_driver_sql("BEGIN")
        return
    # How a transaction reaches the disk can only be set before it begins.
    connection.exec_driver_sql(f"PRAGMA synchronous={writes}")
    # A transaction that reads first and writes later could not wait for another writer.
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
