"""The requests that the policy refused, for the operator."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

import sqlalchemy as sa

from yuragi.service import tables
from yuragi.service.database import Database
from yuragi.service.wire import Refusal
from yuragi.tasks.policy import Forbidden

__all__ = ["note_refusal", "refused"]

REFUSALS = tables.refusals


def note_refusal(database: Database, error: Forbidden, client: str, job: str | None) -> None:
    """Record a refusal.

    Args:
        database: the database.
        error: the refused request and the reason.
        client: the client that sent the request.
        job: the job, if the request was one already.
    """
    with database.writing() as connection:
        connection.execute(
            sa.insert(REFUSALS).values(
                at=time.time(),
                client=client,
                job=job,
                rule=error.rule,
                reason=error.reason,
                request=error.request.model_dump_json(),
            )
        )


def refused(database: Database, limit: int) -> Sequence[Refusal]:
    """The latest refusals, the newest first."""
    wanted = sa.select(REFUSALS).order_by(REFUSALS.c.id.desc()).limit(limit)
    with database.reading() as connection:
        return [
            Refusal(**{**row._mapping, "request": json.loads(row.request)})
            for row in connection.execute(wanted)
        ]
