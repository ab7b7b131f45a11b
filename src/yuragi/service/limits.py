"""Limits for one client: submissions, bytes, visits to public pages, and waiting jobs.

A client is an IPv4 address, or an IPv6 network such as a household has. The database counts jobs.
Each process of the API counts everything else for itself, over a sliding window.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network

import sqlalchemy as sa
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from yuragi.service import tables
from yuragi.service.database import Database
from yuragi.service.guard import Unread, answered, below, refuse
from yuragi.service.settings import Serving
from yuragi.service.states import State

__all__ = ["Crowded", "Meter", "Metered", "check_room", "client_of"]

NETWORK_BITS = 64
LONGEST = 64
"""The longest name of a client that the job table has room for."""
WAIT_S = 10
"""The seconds after which a client may check whether one of its waiting jobs has begun."""


class Crowded(Exception):
    """A client has as many waiting jobs as are allowed."""

    seconds = WAIT_S


def client_of(connection: HTTPConnection) -> str:
    """The name under which a client is counted."""
    host = connection.client.host if connection.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host[:LONGEST]
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ip_network((address, NETWORK_BITS), strict=False))


def check_room(database: Database, client: str, most: int) -> None:
    """Refuse one more job of a client that already has `most` waiting jobs; 0 is no limit.

    Raises:
        Crowded: the client has that many.
    """
    if not most:
        return
    jobs = tables.jobs
    waiting = sa.select(sa.func.count()).where(
        jobs.c.state == State.QUEUED, jobs.c.client == client
    )
    with database.reading() as connection:
        found = connection.execute(waiting).scalar_one()
    if found >= most:
        raise Crowded(f"{found} of your jobs wait; at most {most} may")


@dataclass(frozen=True)
class Meter:
    """Counts the requests of clients, and says how long they must wait.

    Attributes:
        submissions: the submissions of a client per minute; None for no limit.
        traffic: the bytes of a client per hour; None for no limit.
        visits: the requests of a client to public pages per minute; None for no limit.
    """

    submissions: RateLimitItem | None
    traffic: RateLimitItem | None
    visits: RateLimitItem | None
    counted: SlidingWindowCounterRateLimiter = field(
        default_factory=lambda: SlidingWindowCounterRateLimiter(MemoryStorage())
    )

    @classmethod
    def of(cls, settings: Serving) -> Meter:
        """The meter of a service."""
        rate, traffic, visits = settings.max_submissions, settings.max_traffic, settings.max_visits
        return cls(
            RateLimitItemPerMinute(rate, namespace="submissions") if rate else None,
            RateLimitItemPerHour(traffic, namespace="traffic") if traffic else None,
            RateLimitItemPerMinute(visits, namespace="visits") if visits else None,
        )

    def submitted(self, client: str) -> int:
        """Count a submission; returns 0, or the seconds to wait if it is one too many."""
        return self._count(self.submissions, client, 1)

    def visited(self, client: str) -> int:
        """Count a request to a public page; returns what `submitted` does."""
        return self._count(self.visits, client, 1)

    def received(self, client: str, count: int) -> int:
        """Count bytes; returns 0, or the seconds to wait if there are too many."""
        return self._count(self.traffic, client, count) if count else 0

    def _count(self, limit: RateLimitItem | None, client: str, cost: int) -> int:
        if limit is None or self.counted.hit(limit, client, cost=cost):
            return 0
        again = self.counted.get_window_stats(limit, client).reset_time - time.time()
        return max(1, math.ceil(again))


@dataclass(frozen=True)
class Metered:
    """Refuses requests that a client sends too often, and bodies that are too large in total.

    Attributes:
        app: the application that is protected.
        meter: the meter that counts.
        public: the paths of public pages.
    """

    app: ASGIApp
    meter: Meter
    public: Collection[str] = ()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        client = client_of(HTTPConnection(scope))
        if late := self._too_often(scope, client):
            await refuse(send, late.status, late.message, late.headers)
            return

        async def counted() -> Message:
            message = await receive()
            if seconds := self.meter.received(client, len(message.get("body", b""))):
                raise _late("bytes", seconds)
            return message

        await answered(self.app, scope, counted, send)

    def _too_often(self, scope: Scope, client: str) -> Unread | None:
        submits = scope["method"] == "POST" and scope["path"].endswith(("/jobs", "/retry"))
        if submits and (seconds := self.meter.submitted(client)):
            return _late("submissions", seconds)
        visits = below(scope["path"], self.public) is not None
        if visits and (seconds := self.meter.visited(client)):
            return _late("requests", seconds)
        return None


def _late(what: str, seconds: int) -> Unread:
    message = f"too many {what} in a short time; try again in {seconds} seconds"
    return Unread(429, message, {"retry-after": str(seconds)})
