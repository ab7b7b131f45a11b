"""The job table, as clients use it: list, cancel, retry. `intake` adds jobs to it."""

from __future__ import annotations

import json
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from yuragi.service import tables
from yuragi.service.database import Database
from yuragi.service.events import add_event
from yuragi.service.states import State
from yuragi.service.tickets import Tickets
from yuragi.service.wire import Job

__all__ = ["Conflict", "NotFound", "cancel", "find", "found_in", "job_of", "listed", "retry"]

TABLE = tables.jobs


class NotFound(LookupError):
    """There is no job or asset with this id."""


class Conflict(Exception):
    """The state of a job, or an earlier submission, does not allow the request."""


def find(database: Database, job: str) -> Job:
    """A job by its id.

    Raises:
        NotFound: there is none.
    """
    with database.reading() as connection:
        return found_in(connection, job)


def found_in(connection: sa.Connection, job: str) -> Job:
    """A job by its id, within a transaction; raises what `find` raises."""
    row = connection.execute(VIEW.where(TABLE.c.id == job)).one_or_none()
    if row is None:
        raise NotFound(f"there is no job {job}")
    return job_of(row._asdict())


def listed(
    database: Database, states: Collection[State], limit: int, before: str | None
) -> Sequence[Job]:
    """The jobs, newest first.

    Args:
        database: the database.
        states: only jobs in one of these states; all if empty.
        limit: the largest number of jobs.
        before: only jobs that are older than the one with this id.

    Raises:
        NotFound: there is no job `before`.
    """
    wanted = VIEW.order_by(TABLE.c.created.desc(), TABLE.c.id.desc()).limit(limit)
    if states:
        wanted = wanted.where(TABLE.c.state.in_(list(states)))
    if before is not None:
        edge = find(database, before)
        wanted = wanted.where(
            sa.tuple_(TABLE.c.created, TABLE.c.id) < sa.tuple_(edge.created, edge.id)
        )
    with database.reading() as connection:
        return [job_of(row._asdict()) for row in connection.execute(wanted)]


def cancel(database: Database, job: str) -> Job:
    """Cancel a job: at once if it waits, otherwise at the next solver step.

    Raises:
        NotFound: there is no such job.
        Conflict: it has ended.
    """
    with database.writing() as connection:
        state = _locked(connection, job)
        if state.ended and state is not State.CANCELLED:
            raise Conflict(f"the job is {state} and cannot be cancelled")
        ask_to_stop(connection, [job])
    return find(database, job)


def ask_to_stop(connection: sa.Connection, chosen: Sequence[str]) -> None:
    """Cancel jobs within a writing transaction; those that have ended stay as they are."""
    for job in chosen:
        waiting = sa.update(TABLE).where(TABLE.c.id == job, TABLE.c.state == State.QUEUED)
        stopped = connection.execute(waiting.values(state=State.CANCELLED, ended=time.time()))
        if stopped.rowcount:
            add_event(connection, job, State.CANCELLED, {})
        running = sa.update(TABLE).where(TABLE.c.id == job, TABLE.c.state == State.RUNNING)
        connection.execute(running.values(state=State.CANCELLING))


def retry(database: Database, tickets: Tickets, job: str) -> Job:
    """Put a job that failed or was cancelled at the end of the queue, with the same request.

    Raises:
        NotFound: there is no such job.
        Conflict: it is in another state.
    """
    with database.writing() as connection:
        state = _locked(connection, job)
        if state not in (State.FAILED, State.CANCELLED):
            raise Conflict(f"the job is {state}; only one that failed or was cancelled is retried")
        last = sa.select(sa.func.max(TABLE.c.place)).scalar_subquery()
        again = {
            TABLE.c.state: State.QUEUED,
            TABLE.c.place: last + 1,
            TABLE.c.started: None,
            TABLE.c.ended: None,
            TABLE.c.done: 0,
            TABLE.c.total: 0,
            TABLE.c.preview: None,
            TABLE.c.error: "",
            TABLE.c.workflow: None,
            TABLE.c.lease: None,
            TABLE.c.slot: None,
            TABLE.c.starts: 0,
        }
        connection.execute(sa.update(TABLE).where(TABLE.c.id == job).values(again))
        add_event(connection, job, State.QUEUED, {})
        tickets.wake(connection)
    return find(database, job)


def _locked(connection: sa.Connection, job: str) -> State:
    """The state of a job, which no other transaction can change before this one ends."""
    state = connection.execute(
        sa.select(TABLE.c.state).where(TABLE.c.id == job).with_for_update()
    ).scalar_one_or_none()
    if state is None:
        raise NotFound(f"there is no job {job}")
    return State(state)


def _view() -> sa.Select[tuple[object, ...]]:
    """Jobs with their positions."""
    ahead = TABLE.alias()
    earlier = sa.tuple_(ahead.c.place, ahead.c.id) < sa.tuple_(TABLE.c.place, TABLE.c.id)
    position = (
        sa.select(sa.func.count())
        .where(ahead.c.state == State.QUEUED, earlier)
        .scalar_subquery()
        .label("position")
    )
    queued = TABLE.c.state == State.QUEUED
    return sa.select(TABLE, sa.case((queued, position), else_=None).label("position"))


VIEW = _view()


def job_of(row: Mapping[str, Any]) -> Job:
    """A job from its row and its position, by name."""
    return Job(**{**row, "request": json.loads(row["request"]), "state": State(row["state"])})
