"""The events of a job as a stream that can be interrupted and continued."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from fastapi.concurrency import run_in_threadpool
from sse_starlette import ServerSentEvent

from yuragi.errors import InputError
from yuragi.service import jobs
from yuragi.service.database import Database
from yuragi.service.events import events_after
from yuragi.service.states import State
from yuragi.service.wire import Event, Job

__all__ = ["follow", "last_seen"]

POLLING_S = 0.2


def last_seen(header: str | None) -> int:
    """The number of the last event that a client saw; 0 for none.

    Raises:
        InputError: it is not the number of an event.
    """
    if header is None:
        return 0
    if not (header.isascii() and header.isdigit()) or len(header) > 9:
        raise InputError("Last-Event-ID", header, "the id of an event of this job")
    return int(header)


async def follow(database: Database, job: str, after: int) -> AsyncIterator[ServerSentEvent]:
    """The events after a number, as they happen, until the job has ended.

    The position in the queue is sent when it changes. It has no id, because only the current one
    matters to a client that reconnects.
    """
    position = None
    while True:
        # The job is read first, so that the event with which it ends is not missed.
        now, happened = await run_in_threadpool(_look, database, job, after)
        for event in happened:
            after = event.number or after
            yield _sent(event)
        if now.state is State.QUEUED and now.position != position:
            position = now.position
            yield _sent(Event(number=None, kind="position", data={"position": position}))
        if now.state.ended:
            return
        await asyncio.sleep(POLLING_S)


def _look(database: Database, job: str, after: int) -> tuple[Job, Sequence[Event]]:
    with database.reading() as connection:
        return jobs.found_in(connection, job), events_after(connection, job, after)


def _sent(event: Event) -> ServerSentEvent:
    number = None if event.number is None else str(event.number)
    return ServerSentEvent(event.model_dump_json(), event=event.kind, id=number)
