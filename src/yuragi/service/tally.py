"""Counts that no job contains: requests that were refused, by the status of the answer."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from yuragi.service import tables
from yuragi.service.database import Database

__all__ = ["Counting", "Tally"]

TALLIES = tables.tallies
PREFIX = "refused "


class Tally:
    """Counts in memory, which are written to the database when they are requested.

    A flood of requests must not become a flood of writes. If a process dies, its counts since the
    last request are lost.

    Args:
        database: the database in which the counts of all processes are added up.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._lock = threading.Lock()
        self._new: Counter[int] = Counter()

    def count(self, status: int) -> None:
        """Count an answer."""
        with self._lock:
            self._new[status] += 1

    def totals(self) -> Mapping[str, int]:
        """The counts of all processes since the tables were created, by status."""
        with self._lock:
            new, self._new = self._new, Counter()
        if new:
            self._add(new)
        with self.database.reading() as connection:
            wanted = sa.select(TALLIES).where(TALLIES.c.name.startswith(PREFIX))
            rows = connection.execute(wanted)
            return {name.removeprefix(PREFIX): count for name, count in rows}

    def _add(self, new: Mapping[int, int]) -> None:
        try:
            with self.database.writing() as connection:
                for status, count in sorted(new.items()):  # in a fixed order, to avoid deadlocks
                    _increase(connection, f"{PREFIX}{status}", count)
        except sa.exc.SQLAlchemyError:
            with self._lock:
                self._new.update(new)  # for the next time
            raise


def _increase(connection: sa.Connection, name: str, count: int) -> None:
    more = sa.update(TALLIES).where(TALLIES.c.name == name)
    if connection.execute(more.values(count=TALLIES.c["count"] + count)).rowcount:
        return
    connection.execute(sa.insert(TALLIES).values(name=name, count=count))


@dataclass(frozen=True)
class Counting:
    """Counts the requests that are refused.

    Attributes:
        app: the application whose answers are counted.
        tally: the tally that counts.
    """

    app: ASGIApp
    tally: Tally

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= 400:
                self.tally.count(message["status"])
            await send(message)

        await self.app(scope, receive, counted if scope["type"] == "http" else send)
