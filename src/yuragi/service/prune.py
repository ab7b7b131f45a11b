"""Deletion of old jobs that have ended, of refusals, and of pictures that no job names any more.

A job is deleted with its events in one transaction, which adds a row to the audit. A picture is
deleted only if no remaining job names it and nobody stored it again lately: `Assets.put` records
the time, and waits for a deletion that is under way.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from yuragi.service import tables
from yuragi.service.assets import Assets
from yuragi.service.audit import note, settle
from yuragi.service.database import Database
from yuragi.service.states import ENDED
from yuragi.service.tickets import Tickets

__all__ = ["Pruned", "prune"]

JOBS, EVENTS, ASSETS, REFUSALS = tables.jobs, tables.events, tables.assets, tables.refusals
PAGE = 200
"""The largest number of jobs per transaction, because others wait for it, and of pictures that are
listed at once."""
TURN_S = 0.5
"""The seconds after which a transaction deletes no further picture, for the same reason: a store on
another machine can take long for each."""
PAUSE_S = 0.15
"""The seconds before the next such transaction. SQLite lets a process that waits try again at most
every 0.1 seconds, so without a pause it would hardly ever find a gap."""


@dataclass(frozen=True)
class Pruned:
    """The numbers of what was deleted, or would be deleted.

    Attributes:
        jobs: the number of jobs.
        refusals: the number of requests that the policy refused.
        pictures: the number of pictures whose files existed.
        bytes: the size of these files.
    """

    jobs: int
    refusals: int
    pictures: int
    bytes: int


def prune(
    database: Database,
    assets: Assets,
    tickets: Tickets,
    older_than_s: float,
    dry_run: bool = False,
) -> Pruned:
    """Delete jobs that ended long ago, old refusals, and then pictures that no job names.

    Args:
        database: the job table.
        assets: the store of pictures.
        tickets: the queue, from which tickets that ended long ago are deleted, too.
        older_than_s: seconds since a job ended, or a picture was stored. A job may soon name
            pictures that were stored lately, so it should be at least an hour.
        dry_run: whether to count only.

    Raises:
        OSError: a picture cannot be deleted.
    """
    before = time.time() - older_than_s
    old = JOBS.c.state.in_(list(ENDED)), JOBS.c.ended < before
    with database.reading() as connection:
        jobs = connection.execute(sa.select(sa.func.count()).where(*old)).scalar_one()
        refused = sa.select(sa.func.count()).where(REFUSALS.c.at < before)
        refusals = connection.execute(refused).scalar_one()
    if not dry_run:
        jobs = sum(_delete_jobs(database, old))
        with database.writing() as connection:
            refusals = connection.execute(
                sa.delete(REFUSALS).where(REFUSALS.c.at < before)
            ).rowcount
        tickets.forget(before)
    # A job that is being retried was not deleted, and still names its pictures.
    named = _named(database, sa.not_(sa.and_(*old)) if dry_run else sa.true())
    pictures = total = 0
    for page in _unnamed(database, named, before):
        if dry_run:
            gone = {name: size for name, size in page.items() if assets.holds(name)}
        else:
            gone = _delete_pictures(database, assets, page, before)
        pictures += len(gone)
        total += sum(gone.values())
    return Pruned(jobs, refusals, pictures, total)


def _delete_jobs(database: Database, old: tuple[sa.ColumnElement[bool], ...]) -> Iterator[int]:
    """Delete jobs, a page at a time; yields how many were deleted."""
    while True:
        with database.writing() as connection:
            # Locked first, because a transaction that is changing one of them would wait for the
            # audit while we hold it.
            chosen = sa.select(JOBS.c.id).where(*old).limit(PAGE).with_for_update(skip_locked=True)
            found = list(connection.execute(chosen).scalars())
            for job in found:
                note(connection, job, "deleted")
            settle(connection)  # before the deletion, because it reads the jobs
            connection.execute(sa.delete(JOBS).where(JOBS.c.id.in_(found)))
        if not found:
            return
        yield len(found)


def _named(database: Database, kept: sa.ColumnElement[bool]) -> set[str]:
    """The pictures that the kept jobs name."""
    jobs = sa.select(JOBS.c.sources, JOBS.c.preview, JOBS.c.result).where(kept)
    previews = sa.select(EVENTS.c.data).join(JOBS).where(EVENTS.c.kind == "preview", kept)
    with database.reading() as connection:
        named = {name for row in connection.execute(jobs) for name in _of(row._mapping)}
        return named | {data["preview"] for (data,) in connection.execute(previews)}


def _of(job: Mapping[Any, Any]) -> Iterator[str]:
    """The pictures of a job."""
    yield from job["sources"].values()
    if job["preview"]:
        yield job["preview"]
    result = job["result"] or {}
    yield from (each["id"] for each in result.get("pictures", []))
    if result.get("mask"):
        yield result["mask"]["id"]


def _unnamed(database: Database, named: set[str], before: float) -> Iterator[dict[str, int]]:
    """Old pictures that are not named, as pages of their sizes by id."""
    last = ""
    while True:
        wanted = sa.select(ASSETS.c.id, ASSETS.c.bytes).where(
            ASSETS.c.created < before, ASSETS.c.id > last
        )
        with database.reading() as connection:
            rows = list(connection.execute(wanted.order_by(ASSETS.c.id).limit(PAGE)))
        if not rows:
            return
        last = rows[-1].id
        yield {row.id: row.bytes for row in rows if row.id not in named}


def _delete_pictures(
    database: Database, assets: Assets, page: Mapping[str, int], before: float
) -> dict[str, int]:
    """Delete pictures that nobody has stored again, with their files; returns those with files."""
    left, gone = sorted(page, reverse=True), dict[str, int]()  # locked in the order of `Assets.put`
    while left:
        with database.writing() as connection:
            until = time.monotonic() + TURN_S  # on SQLite, all other writers wait for this
            while left and time.monotonic() < until:
                name = left.pop()
                this = ASSETS.c.id == name, ASSETS.c.created < before
                deleted = connection.execute(sa.delete(ASSETS).where(*this)).rowcount
                # Within the transaction, so that a process that stores it again writes its file
                # after this.
                if deleted and assets.remove(name):
                    gone[name] = page[name]
        if left:
            time.sleep(PAUSE_S)
    return gone
