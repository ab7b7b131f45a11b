"""Submissions: how jobs are added to the job table."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from yuragi.service import tables
from yuragi.service.database import Database
from yuragi.service.events import add_first_events
from yuragi.service.jobs import Conflict, found_in, job_of
from yuragi.service.states import State
from yuragi.service.tickets import Tickets
from yuragi.service.together import Together
from yuragi.service.wire import Job
from yuragi.tasks.base import Request

__all__ = ["Intake", "Submission"]

TABLE = tables.jobs
MOST = 50
"""The largest number of jobs that are added in one transaction."""


@dataclass(frozen=True)
class Submission:
    """A job to submit.

    Attributes:
        request: the complete request.
        sources: its pictures: digest of the pixels -> asset.
        body: the digest of the request, without a seed that was drawn.
        key: the idempotency key of the client, if any.
        client: who sends it; see `yuragi.service.limits`.
        consent: whether the people shown agree, as the client says; the policy uses it.
    """

    request: Request
    sources: Mapping[str, str]
    body: str
    key: str | None
    client: str = ""
    consent: bool = False


class Intake:
    """Adds jobs to the queue; jobs of several clients can share one transaction.

    Args:
        database: the job table.
        tickets: the queue.
    """

    def __init__(self, database: Database, tickets: Tickets) -> None:
        self._database = database
        self._tickets = tickets
        self._together: Together[Submission, Job | Conflict] = Together(self._add, MOST)

    def submit(self, given: Submission) -> Job:
        """Add a job to the end of the queue; the same submission again gives the same job.

        Raises:
            Conflict: the key was used with another request.
        """
        added = self._together(given)
        if isinstance(added, Conflict):
            raise added
        return added

    def knows(self, key: str) -> bool:
        """Whether a job was submitted with this idempotency key."""
        with self._database.reading() as connection:
            return bool(_known(connection, [key]))

    def _add(self, given: Sequence[Submission]) -> Sequence[Job | Conflict]:
        """Add jobs in one transaction; a conflict takes the place of its job."""
        with self._database.writing() as connection:
            known = _known(connection, [each.key for each in given if each.key is not None])
            place, position = _end(connection)
            added: dict[str, dict[str, Any]] = {}
            chosen: list[str | Conflict] = []
            for each in given:
                if each.key is None or each.key not in known:
                    row = _row(each, place + len(added) + 1)
                    added[row["id"]] = row
                    known |= {each.key: (row["id"], each.body)} if each.key is not None else {}
                    chosen.append(row["id"])
                    continue
                job, body = known[each.key]
                chosen.append(job if body == each.body else Conflict(REUSED))
            if added:
                connection.execute(sa.insert(TABLE), list(added.values()))
                add_first_events(connection, list(added))
                self._tickets.wake(connection)
            told = {
                row["id"]: job_of(row | {"position": position + number})
                for number, row in enumerate(added.values())
            }
            return [
                each if isinstance(each, Conflict) else told.get(each) or found_in(connection, each)
                for each in chosen
            ]


REUSED = "this idempotency key was used before, with another request"


def _known(connection: sa.Connection, keys: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Jobs of earlier submissions and the digests of their bodies, by key."""
    if not keys:
        return {}
    wanted = sa.select(TABLE.c.idempotency_key, TABLE.c.id, TABLE.c.body)
    rows = connection.execute(wanted.where(TABLE.c.idempotency_key.in_(keys)))
    return {key: (job, body) for key, job, body in rows}


def _end(connection: sa.Connection) -> tuple[int, int]:
    """The last place, and the number of waiting jobs."""
    last = sa.select(sa.func.coalesce(sa.func.max(TABLE.c.place), 0)).scalar_subquery()
    waiting = sa.select(sa.func.count()).where(TABLE.c.state == State.QUEUED).scalar_subquery()
    place, position = connection.execute(sa.select(last, waiting)).one()
    return place, position


def _row(given: Submission, place: int) -> dict[str, Any]:
    """A new row of the job table."""
    return {
        "id": uuid.uuid4().hex,
        "kind": given.request.kind,
        "state": State.QUEUED,
        "place": place,
        "request": given.request.model_dump_json(),
        "sources": dict(given.sources),
        "idempotency_key": given.key,
        "body": given.body,
        "client": given.client,
        "consent": given.consent,
        "created": time.time(),
        "done": 0,
        "total": 0,
        "error": "",
        "starts": 0,
        "events": 1,
    }
