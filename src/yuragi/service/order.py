"""The queue as a whole: pause, resume, reorder, cancel."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from yuragi.service import tables
from yuragi.service.database import Database
from yuragi.service.jobs import Conflict, ask_to_stop
from yuragi.service.states import State
from yuragi.service.tickets import Tickets
from yuragi.service.wire import Queue

__all__ = ["cancel_all", "first", "in_order", "pause", "resume", "shown"]

JOBS, QUEUE = tables.jobs, tables.queue
WAITING = frozenset({State.QUEUED})
UNFINISHED = frozenset({State.QUEUED, State.RUNNING})


def shown(database: Database) -> Queue:
    """The queue as it is now."""
    with database.reading() as connection:
        return Queue(
            paused=connection.execute(sa.select(QUEUE.c.paused)).scalar_one(),
            queued=in_order(connection, WAITING),
            running=in_order(connection, {State.RUNNING, State.CANCELLING}),
        )


def pause(database: Database) -> Queue:
    """Start no further jobs; running jobs continue."""
    with database.writing() as connection:
        connection.execute(sa.update(QUEUE).values(paused=True))
    return shown(database)


def resume(database: Database, tickets: Tickets) -> Queue:
    """Start jobs again; tickets that were drawn during the pause are replaced."""
    with database.writing() as connection:
        connection.execute(sa.update(QUEUE).values(paused=False))
        tickets.wake(connection)
    return shown(database)


def first(database: Database, chosen: Sequence[str]) -> Queue:
    """Let waiting jobs run before all others, in this order.

    Raises:
        Conflict: one of them does not wait, or is named twice; nothing is changed.
    """
    with database.writing() as connection:
        _one_by_one(connection)
        waiting = in_order(connection, WAITING)
        if len(set(chosen)) < len(chosen) or not set(chosen) <= set(waiting):
            raise Conflict("only jobs that are queued can be ordered, each once")
        lowest = connection.execute(sa.select(sa.func.min(JOBS.c.place))).scalar_one_or_none() or 0
        for place, job in enumerate(chosen, lowest - len(chosen)):
            connection.execute(sa.update(JOBS).where(JOBS.c.id == job).values(place=place))
    return shown(database)


def cancel_all(database: Database, states: Collection[State]) -> Sequence[str]:
    """Cancel all jobs in these states, and return their ids."""
    with database.writing() as connection:
        _one_by_one(connection)
        chosen = in_order(connection, states)
        ask_to_stop(connection, chosen)
    return chosen


def _one_by_one(connection: sa.Connection) -> None:
    """Wait for other transactions that change several jobs, or take one.

    Two that lock the same jobs in different orders would be a deadlock.
    """
    connection.execute(sa.select(QUEUE.c.paused).with_for_update())


def in_order(connection: sa.Connection, states: Collection[State]) -> list[str]:
    """The ids of all jobs in these states, by place."""
    found = sa.select(JOBS.c.id).where(JOBS.c.state.in_(list(states)))
    return list(connection.execute(found.order_by(JOBS.c.place, JOBS.c.id)).scalars())
