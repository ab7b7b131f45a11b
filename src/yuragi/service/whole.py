"""Files of a page, always sent whole."""

from __future__ import annotations

from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

__all__ = ["WholeFiles"]


class WholeFiles(StaticFiles):
    """Files that are too small to be requested in parts: a Range header is ignored (RFC 9110).

    So all refusals of the service have the same form, and no range can be unsatisfiable.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(name, value) for name, value in scope["headers"] if name != b"range"]
        await super().__call__({**scope, "headers": headers}, receive, send)
