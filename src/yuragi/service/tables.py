"""The tables of the service. `migrations` creates them; DBOS has its own tables in addition."""

from __future__ import annotations

import sqlalchemy as sa

from yuragi.service.states import STORED

__all__ = [
    "METADATA",
    "assets",
    "audit",
    "events",
    "jobs",
    "models",
    "queue",
    "refusals",
    "tallies",
    "workers",
]

METADATA = sa.MetaData()
KEY = sa.String(32)

jobs = sa.Table(
    "jobs",
    METADATA,
    sa.Column("id", KEY, primary_key=True),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    # Waiting jobs run in the order of their places; a place is any number.
    sa.Column("place", sa.BigInteger, nullable=False),
    sa.Column("request", sa.Text, nullable=False),
    # Pictures of the request: digest of the pixels -> asset.
    sa.Column("sources", sa.JSON, nullable=False),
    # The key and the digest of the submission, to recognise it when it is sent again.
    sa.Column("idempotency_key", sa.String(200), unique=True),
    sa.Column("body", KEY, nullable=False),
    # The client, to count its waiting jobs (`yuragi.service.limits`), and its consent, which the
    # policy receives in addition to the request (`yuragi.tasks.policy`).
    sa.Column("client", sa.String(64), nullable=False, server_default=""),
    sa.Column("consent", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("started", sa.Double),
    sa.Column("ended", sa.Double),
    sa.Column("done", sa.Integer, nullable=False),
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("preview", KEY),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("result", sa.JSON),
    # The workflow that took the job, and the worker that runs it now: only the holder of the lease
    # may write, so that a worker that was given up by mistake changes nothing when it wakes up.
    sa.Column("workflow", sa.String(64), unique=True),
    sa.Column("lease", KEY),
    sa.Column("slot", sa.String(80)),
    sa.Column("starts", sa.Integer, nullable=False),
    sa.Column("events", sa.Integer, nullable=False),
    sa.CheckConstraint(
        "state IN (" + ", ".join(f"'{state}'" for state in STORED) + ")", name="known_state"
    ),
    sa.Index("jobs_in_order", "state", "place"),
    sa.Index("jobs_by_age", "created"),
    sa.Index("jobs_by_place", "place"),  # for the end of the queue
)

events = sa.Table(
    "events",
    METADATA,
    sa.Column("job", KEY, sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    # Counted from 1 within a job, without gaps.
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
)

assets = sa.Table(
    "assets",
    METADATA,
    sa.Column("id", KEY, primary_key=True),
    sa.Column("media_type", sa.String(32), nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("width", sa.Integer, nullable=False),
    sa.Column("height", sa.Integer, nullable=False),
    # The time at which it was last stored.
    sa.Column("created", sa.Double, nullable=False),
)

workers = sa.Table(
    "workers",
    METADATA,
    sa.Column("slot", sa.String(80), primary_key=True),
    # A counter, not a time: the clocks of several machines differ, and can be set back.
    sa.Column("beat", sa.BigInteger, nullable=False),
    sa.Column("device", sa.String(64), nullable=False),
    sa.Column("process", sa.Integer, nullable=False),
)

refusals = sa.Table(
    "refusals",
    METADATA,
    # The requests that the policy refused, as they were sent, and their job if they had one
    # already.
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("client", sa.String(64), nullable=False),
    sa.Column("job", KEY),
    sa.Column("rule", sa.String(64), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("request", sa.Text, nullable=False),
)

models = sa.Table(
    "models",
    METADATA,
    # The capabilities of models that workers have loaded, by the fingerprint of the weights.
    sa.Column("weights", KEY, primary_key=True),
    sa.Column("capabilities", sa.JSON, nullable=False),
)

queue = sa.Table(
    "queue",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("paused", sa.Boolean, nullable=False),
    # A lower bound on the number of tickets that no worker has drawn; see `tickets`.
    sa.Column("tickets", sa.BigInteger, nullable=False),
)

audit = sa.Table(
    "audit",
    METADATA,
    # Counted from 1, without gaps. Triggers refuse changes and deletions; see `audit`.
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("job", KEY, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("client", sa.String(200), nullable=False),
    sa.Column("kind", sa.String(64), nullable=False),
    sa.Column("request", sa.String(64), nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("inputs", sa.JSON, nullable=False),
    sa.Column("outputs", sa.JSON, nullable=False),
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("started", sa.Double),
    sa.Column("ended", sa.Double),
    sa.Column("figures", sa.JSON, nullable=False),
    sa.Column("previous", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False, unique=True),
)

tallies = sa.Table(
    "tallies",
    METADATA,
    # Counts that no job table contains, such as refusals, from all processes of the service.
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("count", sa.BigInteger, nullable=False),
)
