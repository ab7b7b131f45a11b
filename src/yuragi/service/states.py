"""The states of a job: a closed set, in which an unknown state is a state of its own."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["ENDED", "STORED", "State"]


class State(StrEnum):
    """The state of a job.

    Any other text becomes ``UNKNOWN``, so that a client never mistakes the state from a newer
    service, or from one that it could not reach, for success.
    """

    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    """The job runs, and its worker was asked to stop."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    """The state could not be determined; this value is never stored."""

    @classmethod
    def _missing_(cls, value: object) -> State:
        return cls.UNKNOWN

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to the job, unless it is retried."""
        return self in ENDED


ENDED = frozenset({State.DONE, State.FAILED, State.CANCELLED})
"""States after which a job continues only if it is retried."""

STORED = tuple(state for state in State if state is not State.UNKNOWN)
"""States that the job table can hold."""
