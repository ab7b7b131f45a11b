"""The checks before every page and route of a process that answers over HTTP."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.middleware import Middleware

from yuragi.service.guard import Guard
from yuragi.service.limits import Meter, Metered
from yuragi.service.settings import Serving

__all__ = ["shield"]

LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})


def shield(settings: Serving, public: Mapping[str, int]) -> list[Middleware]:
    """The guard, and the limits of clients.

    Args:
        settings: names, token and limits.
        public: paths below which no token of the service is needed, each with the largest body.
    """
    hosts = LOCAL if settings.loopback else LOCAL | {settings.host}
    guard = Middleware(
        Guard,
        hosts=frozenset(each.lower() for each in {*hosts, *settings.name}),
        token=settings.token,
        max_bytes=settings.max_bytes,
        public=public,
    )
    return [guard, Middleware(Metered, meter=Meter.of(settings), public=public)]
