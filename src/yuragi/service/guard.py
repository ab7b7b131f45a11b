"""What stands before every route: who may ask, from where, and how much they may send."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["OPEN", "Guard"]

OPEN = frozenset({"/healthz", "/readyz"})
"""Paths that say nothing about jobs and need no token, for supervisors and load balancers."""
HEADERS: Mapping[str, str] = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}


class TooLarge(Exception):
    """The body of a request is longer than allowed."""


@dataclass(frozen=True)
class Guard:
    """Refuses requests with a wrong host, origin, token or size.

    A page of another site can make a browser send requests to this machine's own address, also
    under a name of its own that leads there. The names in `hosts`, compared with the headers Host
    and Origin, keep both out; requests without Origin do not come from pages.

    Attributes:
        app: what comes behind.
        hosts: the names by which the service may be called, without ports.
        token: what clients must send; empty if they need none.
        max_bytes: the largest body.
    """

    app: ASGIApp
    hosts: frozenset[str]
    token: str
    max_bytes: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refused = self._refused(Headers(scope=scope), scope["path"])
        if refused is not None:
            await _answer(send, *refused)
            return
        left, answered = self.max_bytes, False

        async def limited() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise TooLarge
            return message

        async def hardened(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                present = {name.lower() for name, _ in message["headers"]}
                added = [(k.encode(), v.encode()) for k, v in HEADERS.items()]
                message["headers"] += [each for each in added if each[0] not in present]
            await send(message)

        try:
            await self.app(scope, limited, hardened)
        except TooLarge:
            if not answered:
                await _answer(send, 413, self._too_large)

    def _refused(self, headers: Headers, path: str) -> tuple[int, str] | None:
        """Status and reason, if a request is refused."""
        if _name(headers.get("host", "")) not in self.hosts:
            return 421, "the Host header names another host than this service's"
        origin = headers.get("origin")
        if origin is not None:
            scheme, _, rest = origin.partition("://")
            if scheme not in ("http", "https") or rest != headers.get("host"):
                return 403, "requests from pages of other sites are refused"
        if self.token and path not in OPEN:
            kind, _, given = headers.get("authorization", "").partition(" ")
            same = hmac.compare_digest(given.strip().encode(), self.token.encode())
            if kind.lower() != "bearer" or not same:
                return 401, "the header Authorization must be: Bearer TOKEN"
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length[:20]) > self.max_bytes:
            return 413, self._too_large
        return None

    @property
    def _too_large(self) -> str:
        return f"the body of a request can have at most {self.max_bytes:,} bytes"


def _name(host: str) -> str:
    """The name in a Host header, without the port."""
    if host.startswith("["):
        return host.partition("]")[0].removeprefix("[").lower()
    return host.partition(":")[0].lower()


async def _answer(send: Send, status: int, message: str) -> None:
    body = json.dumps({"message": message, "argument": None}).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body)), **HEADERS}
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
