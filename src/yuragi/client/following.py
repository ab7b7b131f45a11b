"""Following a job over a connection that may break."""

from __future__ import annotations

import time

import httpx2

from yuragi.client.calls import AWAY, PATIENCE_S, Refused, refusal
from yuragi.service.states import ENDED
from yuragi.service.wire import Event

__all__ = ["AGAIN_S", "Following"]

AGAIN_S = 0.5


class Following:
    """What a client remembers while it follows a job, so that it sees every event once.

    Attributes:
        after: the number of the last event.
        over: whether the job has ended.
    """

    def __init__(self, after: int) -> None:
        self.after = after
        self.over = False
        self._broken: float | None = None

    def took(self, event: Event) -> Event:
        """Remember an event."""
        self.after = event.number or self.after
        self.over = event.kind in ENDED
        self._broken = None
        return event

    def opened(self, response: httpx2.Response) -> None:
        """Remember that the service answers; if no events are left, the job has ended.

        Args:
            response: the answer; its body must have been read if it is a refusal.

        Raises:
            Refused: the service refuses, or is away.
        """
        if not response.is_success:
            raise refusal(response)
        self.over = response.status_code == 204
        self._broken = None

    def broke(self, error: httpx2.TransportError | Refused) -> None:
        """Handle a broken connection, or a service that is away.

        The error is raised if this has lasted for `PATIENCE_S`, or if it is another refusal.
        """
        if isinstance(error, Refused) and error.status not in AWAY:
            raise error
        now = time.monotonic()
        if self._broken is None:
            self._broken = now
        if now - self._broken > PATIENCE_S:
            raise error
