"""The job table, as workers use it: take a job, report its progress, and record its outcome.

A worker writes only while it holds the lease of the job. The next worker that begins the job takes
the lease over. So a worker that was believed dead changes nothing when it wakes up again.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from yuragi.service import tables
from yuragi.service.database import Database
from yuragi.service.events import add_event, add_numbered
from yuragi.service.states import ENDED, State
from yuragi.service.tickets import draw

__all__ = ["STARTS", "Attempt", "begin", "claim", "forgive"]

JOBS = tables.jobs
STARTS = 3
"""How often a job is begun before it is assumed to kill its workers."""


def claim(database: Database, ticket: str, turn: int) -> str | None:
    """The job to run for a ticket: the one that was taken before, otherwise the first that waits.

    Args:
        database: the database.
        ticket: the id of the workflow that was drawn.
        turn: how many jobs were run for the same ticket before.

    Returns:
        the id of the job; None if none waits or the queue is paused.
    """
    name = f"{ticket}/{turn}"
    with database.noting() as connection:
        mine = sa.select(JOBS.c.id).where(JOBS.c.workflow == name)
        job: str | None = connection.execute(mine).scalar_one_or_none()
        if job is not None:
            return job
        if turn == 0:
            draw(connection)
        # Claims and submissions wait for one another, so that no job is left without a ticket.
        if connection.execute(sa.select(tables.queue.c.paused).with_for_update()).scalar_one():
            return None
        waiting = sa.select(JOBS.c.id).where(JOBS.c.state == State.QUEUED)
        first = waiting.order_by(JOBS.c.place, JOBS.c.id).limit(1)
        while connection.execute(first).one_or_none() is not None:
            # There is nothing if the first job was cancelled in the meantime; then another job is
            # first.
            found: str | None = connection.execute(first.with_for_update()).scalar_one_or_none()
            if found is not None:
                taken = sa.update(JOBS).where(JOBS.c.id == found)
                connection.execute(taken.values(state=State.RUNNING, workflow=name))
                return found
        return None


def begin(database: Database, job: str, slot: str) -> Attempt | None:
    """Begin a job, or continue it after its worker died; None if nothing is left to do."""
    lease, now = uuid.uuid4().hex, time.time()
    with database.noting() as connection:
        found = sa.select(JOBS).where(JOBS.c.id == job).with_for_update()
        row = connection.execute(found).one_or_none()
        if row is None or State(row.state) in ENDED:
            return None
        held = sa.update(JOBS).where(JOBS.c.id == job)
        taken = {"lease": lease, "slot": slot, "starts": row.starts + 1}
        connection.execute(held.values(started=row.started or now, **taken))
        attempt = Attempt(database, job, lease, row.request, row.sources, row.client, row.consent)
        if row.state == State.CANCELLING:
            attempt.end(connection, State.CANCELLED)
            return None
        if row.starts >= STARTS:
            attempt.end(connection, State.FAILED, error=f"its worker died {STARTS} times doing it")
            return None
        add_event(connection, job, "started", {"slot": slot, "start": row.starts + 1})
    return attempt


def forgive(database: Database, slot: str) -> None:
    """Do not count the current start of a slot's jobs, because the slot is stopped on purpose."""
    with database.noting() as connection:
        doing = JOBS.c.state.in_([State.RUNNING, State.CANCELLING]), JOBS.c.slot == slot
        connection.execute(sa.update(JOBS).where(*doing).values(starts=JOBS.c.starts - 1))


@dataclass(frozen=True)
class Attempt:
    """A worker's hold on a job.

    Attributes:
        database: the database.
        job: the id of the job.
        lease: the lease, which shows that the job still belongs to this worker.
        request: the request as JSON.
        sources: its pictures: digest of the pixels -> asset.
        client: who submitted it.
        consent: whether the people shown agree, as the client says; the policy uses it.
    """

    database: Database
    job: str
    lease: str
    request: str
    sources: Mapping[str, str]
    client: str
    consent: bool

    def state(self) -> State | None:
        """The state of the job; None if another worker has it now."""
        with self.database.reading() as connection:
            wanted = sa.select(JOBS.c.state).where(*self._mine)
            state = connection.execute(wanted).scalar_one_or_none()
        return None if state is None else State(state)

    def progress(self, done: int, total: int) -> State | None:
        """Report how many solver steps are done; returns what `state` does."""
        return self._tell("step", {"done": done, "total": total})

    def preview(self, asset: str) -> State | None:
        """Report a preview of the result; returns what `state` does."""
        return self._tell("preview", {"preview": asset})

    def finish(self, result: Mapping[str, Any]) -> None:
        """Record that the job is done, or cancelled if it was cancelled in the meantime."""
        with self.database.writing() as connection:
            state = connection.execute(
                sa.select(JOBS.c.state).where(*self._mine).with_for_update()
            ).scalar_one_or_none()
            if state == State.CANCELLING:
                self.end(connection, State.CANCELLED)
            elif state == State.RUNNING:
                self.end(connection, State.DONE, result=dict(result))

    def cancelled(self) -> None:
        """Record that the job was stopped as requested."""
        with self.database.writing() as connection:
            self.end(connection, State.CANCELLED)

    def fail(self, error: str) -> None:
        """Record that the job failed."""
        with self.database.writing() as connection:
            self.end(connection, State.FAILED, error=error)

    def end(
        self,
        connection: sa.Connection,
        state: State,
        error: str = "",
        result: Mapping[str, Any] | None = None,
    ) -> None:
        """End the job within a writing transaction, unless another worker has it."""
        held = sa.update(JOBS).where(*self._mine, JOBS.c.state.not_in(list(ENDED)))
        values = {"state": state, "ended": time.time(), "error": error}
        ended = connection.execute(held.values(**values, result=result or sa.null()))
        if ended.rowcount:
            add_event(connection, self.job, state, {"error": error} if error else {})

    def _tell(self, kind: str, data: Mapping[str, Any]) -> State | None:
        """Store these values with the job, and add an event; None if another worker has the job."""
        with self.database.noting() as connection:
            held = sa.update(JOBS).where(*self._mine).values(**data, events=JOBS.c.events + 1)
            told = connection.execute(held.returning(JOBS.c.state, JOBS.c.events)).one_or_none()
            if told is None:
                return None
            add_numbered(connection, self.job, told.events, kind, data)
            return State(told.state)

    @property
    def _mine(self) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
        return JOBS.c.id == self.job, JOBS.c.lease == self.lease
