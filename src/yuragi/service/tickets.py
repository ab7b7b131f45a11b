"""Tickets: how a waiting job wakes a worker.

DBOS hands workflows from a queue to workers, one at a time to each, and hands them on when a worker
dies. What its queue (3.4) cannot do is to change the order of what waits, or to pause. So a waiting
workflow is a mere ticket: it names no job. The worker that draws one takes the job that is first
then, and none while the queue is paused. There are always at least as many tickets as waiting jobs;
one too many finds nothing and ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer

from yuragi.service.database import Database

__all__ = ["APPLICATION", "QUEUE", "WORKFLOW", "Tickets", "configuration", "open_tickets"]

APPLICATION = "yuragi"
QUEUE = "jobs"
WORKFLOW = "yuragi_job"
VERSION = "1"
"""The version of the workflow's steps. A worker goes on with the workflows of its own version, so
that this changes only if steps are added, removed or reordered."""
POLLING_S = 0.1


@dataclass(frozen=True)
class Tickets:
    """Adds tickets to the queue."""

    client: DBOSClient

    def add(self, connection: sa.Connection, count: int) -> None:
        """Add tickets within a writing transaction, so that job and ticket exist together."""
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
