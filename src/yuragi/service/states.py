"""The states of a job: a closed set, in which not knowing is a state of its own."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["ENDED", "STORED", "State"]


class State(StrEnum):
    """The state of a job.

    A text that is none of these becomes ``UNKNOWN``, so that a client never takes the state of a
    newer service, or of one that it could not ask, for success.
    """

    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    """It runs, and its worker was asked to stop."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    """The state could not be learned; it is never stored."""

    @classmethod
    def _missing_(cls, value: object) -> State:
        return cls.UNKNOWN

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to the job, unless it is tried again."""
        return self in ENDED


ENDED = frozenset({State.DONE, State.FAILED, State.CANCELLED})
"""States from which a job goes on only if it is tried again."""

STORED = tuple(state for state in State if state is not State.UNKNOWN)
"""States that the job table can hold."""
