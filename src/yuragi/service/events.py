"""The events of a job, which a client can still read after it was disconnected."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from yuragi.service import tables
from yuragi.service.audit import AUDITED, note
from yuragi.service.states import State
from yuragi.service.wire import Event

__all__ = ["add_event", "add_first_events", "add_numbered", "events_after"]


def add_event(connection: sa.Connection, job: str, kind: str, data: Mapping[str, Any]) -> None:
    """Add an event within a writing transaction.

    Counting locks the row of the job, so that numbers appear in order and without gaps.
    """
    counted = (
        sa.update(tables.jobs)
        .where(tables.jobs.c.id == job)
        .values(events=tables.jobs.c.events + 1)
        .returning(tables.jobs.c.events)
    )
    add_numbered(connection, job, connection.execute(counted).scalar_one(), kind, data)


def add_numbered(
    connection: sa.Connection, job: str, number: int, kind: str, data: Mapping[str, Any]
) -> None:
    """Add an event within a transaction that has counted it."""
    told = {"job": job, "number": number, "kind": kind, "data": dict(data), "at": time.time()}
    connection.execute(sa.insert(tables.events), told)
    if kind in AUDITED:
        note(connection, job, kind)


def add_first_events(connection: sa.Connection, jobs: Sequence[str]) -> None:
    """Add the event that new jobs are queued; their rows count it already."""
    first = {"number": 1, "kind": State.QUEUED, "data": {}, "at": time.time()}
    connection.execute(sa.insert(tables.events), [{"job": job, **first} for job in jobs])
    for job in jobs:
        note(connection, job, State.QUEUED)


def events_after(connection: sa.Connection, job: str, number: int) -> Sequence[Event]:
    """The events of a job with higher numbers, in order."""
    found = sa.select(tables.events).where(
        tables.events.c.job == job, tables.events.c.number > number
    )
    rows = connection.execute(found.order_by(tables.events.c.number))
    return [Event(number=row.number, kind=row.kind, data=row.data) for row in rows]
