"""Tickets: how a waiting job wakes a worker.

DBOS hands workflows from a queue to workers, one at a time to each, and hands them on when a worker
dies. What its queue (3.4) cannot do is to change the order of what waits, or to pause. So a waiting
workflow is a mere ticket: it names no job. The worker that draws one does the jobs that are first
then, one after another, until none waits or the queue is paused. So few tickets are needed: one for
each worker that could begin. One too many finds nothing and ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer

from yuragi.service import tables
from yuragi.service.database import Database
from yuragi.service.states import State

__all__ = ["APPLICATION", "QUEUE", "WORKFLOW", "Tickets", "configuration", "draw", "open_tickets"]

APPLICATION = "yuragi"
QUEUE = "jobs"
WORKFLOW = "yuragi_job"
VERSION = "1"
"""The version of the workflow's steps. A worker goes on with the workflows of its own version, so
that this changes only if steps are added, removed or reordered."""
POLLING_S = 0.1
ENOUGH = 64
"""How many tickets are enough for any number of jobs: that many workers begin at once."""
TABLE = tables.queue


@dataclass(frozen=True)
class Tickets:
    """Adds tickets to the queue."""

    client: DBOSClient

    def wake(self, connection: sa.Connection) -> None:
        """Let workers begin, at the end of a writing transaction after which jobs wait.

        So job and ticket exist together: whoever draws a ticket that was there before waits until
        this transaction ends, and sees its jobs.
        """
        counted = sa.select(TABLE.c.tickets).with_for_update()
        lying = connection.execute(counted).scalar_one()
        if lying >= ENOUGH:
            return
        wait = sa.select(tables.jobs.c.id).where(tables.jobs.c.state == State.QUEUED).limit(ENOUGH)
        self.add(connection, len(connection.execute(wait).all()) - lying)

    def add(self, connection: sa.Connection, count: int) -> None:
        """Add tickets within a writing transaction; none if the number is not positive."""
        if count > 0:
            connection.execute(sa.update(TABLE).values(tickets=TABLE.c.tickets + count))
        for _ in range(count):
            self.client.enqueue_in_transaction(
                connection,
                {
                    "queue_name": QUEUE,
                    "workflow_name": WORKFLOW,
                    "app_version": VERSION,
                    "application_name": APPLICATION,
                },
            )


def draw(connection: sa.Connection) -> None:
    """Count that a ticket was drawn.

    The count is never higher than the number of tickets that lie in the queue. It is lower if a
    worker died when it had counted, and so counts again.
    """
    lying = sa.update(TABLE).where(TABLE.c.tickets > 0)
    connection.execute(lying.values(tickets=TABLE.c.tickets - 1))


def open_tickets(database: Database) -> Tickets:
    """Connect to the queue; its tables are made if they are missing."""
    DBOS.migrate(database.url)
    client = DBOSClient(
        system_database_url=database.url,
        serializer=DBOSPortableJSONSerializer(),
        application_name=APPLICATION,
    )
    client.register_queue(QUEUE, worker_concurrency=1, polling_interval_sec=POLLING_S)
    return Tickets(client)


def configuration(database: Database, slot: str) -> DBOSConfig:
    """How a worker runs workflows.

    Args:
        database: the database.
        slot: a name that no other process of the service has, and that this one has again after a
            restart, so that it knows its own unfinished workflows.
    """
    return {
        "name": APPLICATION,
        "system_database_url": database.url,
        "executor_id": slot,
        "application_version": VERSION,
        "serializer": DBOSPortableJSONSerializer(),  # never pickle
        "log_level": "WARNING",
    }
