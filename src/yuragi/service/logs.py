"""Logs: lines for people, or one JSON object per line for programs."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal, TypeAlias

__all__ = ["LogForm", "configure_logs", "of_job"]

LogForm: TypeAlias = Literal["text", "json"]
JOB: ContextVar[str] = ContextVar("job", default="")


@contextmanager
def of_job(job: str) -> Iterator[None]:
    """Mark the lines that are logged in the block as lines about a job."""
    token = JOB.set(job)
    try:
        yield
    finally:
        JOB.reset(token)


class _Lines(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if job := JOB.get():
            told["job"] = job
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        return json.dumps(told)


def configure_logs(form: LogForm) -> None:
    """Log to standard error.

    Args:
        form: ``text`` logs warnings and errors; ``json`` also logs what happens to every job.
    """
    handler = logging.StreamHandler()
    if form == "json":
        handler.setFormatter(_Lines())
        logging.getLogger("yuragi").setLevel(logging.INFO)
    else:
        handler.setFormatter(logging.Formatter(logging.BASIC_FORMAT))
    logging.getLogger().addHandler(handler)
