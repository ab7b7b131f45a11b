"""The result of a job."""

from __future__ import annotations

import sqlalchemy as sa

from yuragi.service import tables
from yuragi.service.database import Database
from yuragi.service.states import State
from yuragi.service.wire import JobResult

__all__ = ["result_of"]


def result_of(database: Database, job: str) -> JobResult | None:
    """The result of a job; None if it is not done."""
    with database.reading() as connection:
        wanted = sa.select(tables.jobs.c.result).where(
            tables.jobs.c.id == job, tables.jobs.c.state == State.DONE
        )
        found = connection.execute(wanted).scalar_one_or_none()
    return None if found is None else JobResult(**found)
