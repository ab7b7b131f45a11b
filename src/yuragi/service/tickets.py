"""Tickets: how a waiting job wakes a worker.

DBOS gives workflows from a queue to workers, one at a time to each, and passes them on when a
worker dies. Its queue (3.4) cannot change the order of waiting workflows, and cannot pause. So a
waiting workflow is only a ticket: it names no job. The worker that draws a ticket runs the jobs
that are first at that time, one after another, until none waits or the queue is paused. So few
tickets are needed: one for each worker that could begin. A surplus ticket finds nothing and ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

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
"""The version of the workflow's steps. A worker continues only workflows of its own version, so
this changes only if steps are added, removed or reordered."""
POLLING_S = 0.1
ENOUGH = 64
"""So many tickets are enough for any number of jobs: this many workers can begin at once."""
TABLE = tables.queue
PAGE = 500


@dataclass(frozen=True)
class Tickets:
    """Adds tickets to the queue."""

    client: DBOSClient

    def wake(self, connection: sa.Connection) -> None:
        """Let workers begin, at the end of a writing transaction after which jobs wait.

        So a job and its ticket appear together: a worker that draws an older ticket waits until
        this transaction ends, and then sees its jobs.
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

    def forget(self, before: float) -> None:
        """Delete what DBOS keeps of tickets that ended before a time, in seconds since 1970."""
        ended: dict[str, Any] = {
            "name": WORKFLOW,
            "status": ["SUCCESS", "ERROR", "CANCELLED"],
            "completed_before": datetime.fromtimestamp(before, UTC).isoformat(),
            "limit": PAGE,
            "load_input": False,
            "load_output": False,
        }
        while found := self.client.list_workflows(**ended):
            self.client.delete_workflows([each.workflow_id for each in found])


def draw(connection: sa.Connection) -> None:
    """Count that a ticket was drawn.

    The count is never higher than the number of tickets in the queue. It is lower if a worker died
    after it had counted, because the count is then repeated.
    """
    lying = sa.update(TABLE).where(TABLE.c.tickets > 0)
    connection.execute(lying.values(tickets=TABLE.c.tickets - 1))


def open_tickets(database: Database) -> Tickets:
    """Connect to the queue; missing tables are created."""
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
