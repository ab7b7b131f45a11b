"""The audit: what happened to every job, in rows that can only be added.

A row is written in the transaction that changes the job. Its hash covers its content and the hash
of the row before, so that a row that was changed, removed or inserted breaks the chain. Only the
end can be cut off unnoticed, unless an earlier export contains it. Triggers of the database refuse
changes and deletions.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from yuragi.service import tables
from yuragi.service.figures import figures_of
from yuragi.service.states import State

__all__ = [
    "AUDITED",
    "FIRST",
    "PAGE",
    "broken",
    "every",
    "forgetting",
    "note",
    "rows_after",
    "settle",
]

AUDIT, EVENTS, JOBS = tables.audit, tables.events, tables.jobs
AUDITED = frozenset({"queued", "started", "done", "failed", "cancelled"})
"""Kinds of events that make a row; `yuragi.service.prune` adds one for a job that is deleted."""
FIRST = "0" * 64
"""The value that stands for the hash before the first row."""
PENDING = "yuragi_audit"
PAGE = 1000


def note(connection: sa.Connection, job: str, kind: str) -> None:
    """Remember within a writing transaction that something happened to a job.

    Its row is written at the end of the transaction (`settle`): transactions write rows one after
    another, and waiting for that turn while others wait for a lock of this transaction would be a
    deadlock.
    """
    connection.info.setdefault(PENDING, []).append((job, kind))


def settle(connection: sa.Connection) -> None:
    """Write the remembered rows at the end of a transaction."""
    pending: Sequence[tuple[str, str]] = connection.info.pop(PENDING, ())
    if not pending:
        return
    if connection.dialect.name == "postgresql":  # SQLite has one writer anyway
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(8421)"))
    last = sa.select(AUDIT.c.number, AUDIT.c.hash).order_by(AUDIT.c.number.desc()).limit(1)
    number, previous = connection.execute(last).one_or_none() or (0, FIRST)
    found = sa.select(JOBS).where(JOBS.c.id.in_({job for job, _ in pending}))
    queued = _queued(connection, {job for job, _ in pending})
    jobs = {row.id: {**row._mapping, "queued": queued[row.id]} for row in connection.execute(found)}
    made, now = [], time.time()
    for count, (job, kind) in enumerate(pending, 1):
        row = {"number": number + count, "at": now, "previous": previous, **_told(jobs[job], kind)}
        previous = _hash(row)
        made.append({**row, "hash": previous})
    connection.execute(sa.insert(AUDIT), made)


@contextmanager
def forgetting(connection: sa.Connection) -> Iterator[None]:
    """Forget the remembered rows if the transaction fails, because the connection is used again."""
    try:
        yield
    finally:
        connection.info.pop(PENDING, None)


def rows_after(connection: sa.Connection, number: int, limit: int) -> Sequence[Mapping[str, Any]]:
    """At most `limit` rows with numbers above `number`, in order."""
    wanted = sa.select(AUDIT).where(AUDIT.c.number > number).order_by(AUDIT.c.number).limit(limit)
    return [dict(row._mapping) for row in connection.execute(wanted)]


def every(connection: sa.Connection) -> Iterator[Mapping[str, Any]]:
    """All rows in order, a page at a time."""
    number = 0
    while page := rows_after(connection, number, PAGE):
        yield from page
        number = page[-1]["number"]


def broken(rows: Iterable[Mapping[str, Any]]) -> int | None:
    """The number of the first row at which the chain breaks; None if it is intact."""
    number, previous = 0, FIRST
    for row in rows:
        told = {key: value for key, value in row.items() if key != "hash"}
        whole = (row["number"], row["previous"], row["hash"]) == (number + 1, previous, _hash(told))
        if not whole:
            return number + 1
        number, previous = row["number"], row["hash"]
    return None


def _told(job: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The content of a row about its job."""
    request, result = json.loads(job["request"]), job["result"] or {}
    report = result.get("report", {})
    return {
        "job": job["id"],
        "state": "running" if kind == "started" else kind,
        "client": job["client"],
        "kind": job["kind"],
        "request": hashlib.blake2b(job["request"].encode(), digest_size=32).hexdigest(),
        # A result names the version of the model that the request left open.
        "model": report.get("request", request)["model"],
        "inputs": dict(job["sources"]),
        "outputs": [each["id"] for each in result.get("pictures", [])],
        "created": job["created"],
        "started": job["started"],
        "ended": job["ended"],
        "figures": figures_of(request, job),
    }


def _queued(connection: sa.Connection, jobs: Collection[str]) -> dict[str, float]:
    """The times at which jobs were last queued, because a retry queues a job again."""
    last = sa.select(EVENTS.c.job, sa.func.max(EVENTS.c.at)).group_by(EVENTS.c.job)
    found = last.where(EVENTS.c.job.in_(jobs), EVENTS.c.kind == State.QUEUED)
    return {job: at for job, at in connection.execute(found)}


def _hash(row: Mapping[str, Any]) -> str:
    text = json.dumps(row, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=32).hexdigest()
