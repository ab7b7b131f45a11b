"""A server that listens at once and answers later."""

from __future__ import annotations

import socket

import uvicorn
from starlette.types import ASGIApp

from yuragi.service.settings import Serving

__all__ = ["listen", "url_of"]

ANSWERS_S = 5
"""How long requests that have begun may take when the process is told to stop."""


def listen(app: ASGIApp, settings: Serving) -> tuple[uvicorn.Server, socket.socket]:
    """A server and its socket: from now on connections wait until ``server.run`` answers them.

    Args:
        app: the application that answers.
        settings: address, port and proxies.

    Raises:
        OSError: the port is taken.
    """
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        log_config=None,  # lines have our form, like all others
        server_header=False,
        proxy_headers=bool(settings.proxy),
        forwarded_allow_ips=list(settings.proxy),
        timeout_graceful_shutdown=ANSWERS_S,
    )
    listening = config.bind_socket()
    # Connections inherit it; asyncio sets it only on sockets that name their protocol. Without it
    # an answer waits 40 ms for the client to acknowledge its headers.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listening.listen(config.backlog)
    return uvicorn.Server(config), listening


def url_of(host: str, port: int) -> str:
    """The URL of a server, with brackets around an IPv6 address."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
