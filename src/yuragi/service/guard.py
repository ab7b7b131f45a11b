"""The checks before every route: who may send requests, from where, and how much."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["OPEN", "Guard", "Unread", "answered", "below", "refuse"]

OPEN = frozenset({"/healthz", "/readyz"})
"""Paths that reveal nothing about jobs and need no token, for supervisors and load balancers."""
HEADERS: Mapping[str, str] = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "content-security-policy": (
        "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
}
FOREIGN = "requests from pages of other sites are refused"
SLOW_S = 30.0
"""How long a client may be silent in the middle of a body."""


class Unread(Exception):
    """The body of a request is not read to its end."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = headers or {}


@dataclass(frozen=True)
class Guard:
    """Refuses requests with a wrong host, origin, token or size.

    A page of another site can make a browser send requests to this machine's own address, also
    under a host name of its own that resolves to it. Both are refused by comparing the headers Host
    and Origin with the names in `hosts`. Requests for pictures in pages of other sites have no
    Origin; browsers mark them as cross-site.

    Attributes:
        app: the application that is guarded.
        hosts: the names by which the service may be called, without ports.
        token: the token that clients must send; empty if they need none.
        max_bytes: the largest body.
        public: paths, such as ``/pilot``, below which no token is needed, because the application
            there has a token of its own; each with the largest body there.
    """

    app: ASGIApp
    hosts: frozenset[str]
    token: str
    max_bytes: int
    public: Mapping[str, int] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        place = below(scope["path"], self.public)
        most = self.max_bytes if place is None else self.public[place]
        free = place is not None or scope["path"] in OPEN
        refused = self._refused(scope, free, most)
        if refused is not None:
            await refuse(send, *refused)
            return
        left, whole = most, False

        async def limited() -> Message:
            nonlocal left, whole
            if whole:  # the only message left is that the client disconnects
                return await receive()
            try:
                async with asyncio.timeout(SLOW_S):
                    message = await receive()
            except TimeoutError as error:
                reason = f"nothing of the body came for {SLOW_S:g} seconds"
                raise Unread(408, reason) from error
            whole = not message.get("more_body", False)
            left -= len(message.get("body", b""))
            if left < 0:
                raise Unread(413, _too_large(most))
            return message

        await answered(self.app, scope, limited, send)

    def _refused(self, scope: Scope, free: bool, most: int) -> tuple[int, str] | None:
        """Status and reason, if a request is refused.

        Args:
            scope: the request.
            free: whether it needs no token.
            most: the largest body.
        """
        headers = Headers(scope=scope)
        if _name(headers.get("host", "")) not in self.hosts:
            return 421, "the Host header names another host than this service's"
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            return 400, "an address cannot contain a zero byte"
        origin = headers.get("origin")
        if origin is not None:
            scheme, _, rest = origin.partition("://")
            if scheme not in ("http", "https") or rest != headers.get("host"):
                return 403, FOREIGN
        elif _embedded(headers):
            return 403, FOREIGN
        if self.token and not free:
            kind, _, given = headers.get("authorization", "").partition(" ")
            same = hmac.compare_digest(given.strip().encode(), self.token.encode())
            if kind.lower() != "bearer" or not same:
                return 401, "the header Authorization must be: Bearer TOKEN"
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length[:20]) > most:
            return 413, _too_large(most)
        return None


def below(path: str, places: Iterable[str]) -> str | None:
    """The place, such as ``/pilot``, below which a path lies; None for none."""
    return next((place for place in places if path.startswith(f"{place}/")), None)


def _too_large(most: int) -> str:
    return f"the body of a request here can have at most {most:,} bytes"


def _embedded(headers: Headers) -> bool:
    """Whether a page of another site embeds the answer; following its links does no harm."""
    elsewhere = headers.get("sec-fetch-site") in ("cross-site", "same-site")
    return elsewhere and headers.get("sec-fetch-mode") != "navigate"


def _name(host: str) -> str:
    """The name in a Host header, without the port."""
    if host.startswith("["):
        return host.partition("]")[0].removeprefix("[").lower()
    return host.partition(":")[0].lower()


async def answered(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Let an application answer, and add headers; if `receive` raises `Unread`, answer with that.

    Parsers of bodies would treat that as an unreadable body, and answer by themselves.
    """
    unread: Unread | None = None
    begun = False

    async def read() -> Message:
        nonlocal unread
        try:
            return await receive()
        except Unread as error:
            unread = error
            raise

    async def sent(message: Message) -> None:
        nonlocal begun
        if unread and not begun:
            return
        begun = True
        if message["type"] == "http.response.start":
            present = {name.lower() for name, _ in message["headers"]}
            added = [(k.encode(), v.encode()) for k, v in HEADERS.items()]
            message["headers"] += [each for each in added if each[0] not in present]
        await send(message)

    try:
        await app(scope, read, sent)
    except Unread as error:
        unread = error
    if unread and not begun:
        await refuse(send, unread.status, unread.message, unread.headers)


async def refuse(
    send: Send, status: int, message: str, more: Mapping[str, str] | None = None
) -> None:
    """Answer with a status, a reason and more headers."""
    body = json.dumps({"message": message, "argument": None}).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body)), **HEADERS}
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    raw = [(name.encode(), value.encode()) for name, value in (headers | dict(more or {})).items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
