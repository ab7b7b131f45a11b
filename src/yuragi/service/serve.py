"""The process of the HTTP service, with workers beside it."""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Callable
from typing import Any

import uvicorn

from yuragi.models.opening import Opening
from yuragi.service.app import make_app
from yuragi.service.held import held
from yuragi.service.settings import Serving, Working
from yuragi.service.tracing import configure_traces
from yuragi.service.worker import Supervisor

__all__ = ["serve"]


def serve(settings: Serving, opening: Opening, on_ready: Callable[[str, str], None]) -> None:
    """Answer until the process is told to stop.

    Args:
        settings: the service.
        opening: how its workers open models.
        on_ready: is called with the address of the API, and with the token if one was made, when
            clients can connect.

    Raises:
        InputError: database, store or address are not supported.
        OSError: the port is taken.
    """
    made = ""
    if not settings.loopback and not settings.token:
        made = secrets.token_urlsafe(32)
        settings = settings.model_copy(update={"token": made})
    if settings.trace:
        configure_traces("yuragi-serve")
    parts = held(settings)
    # In a process of its own a worker imports PyTorch; here only the checks of requests do.
    config = uvicorn.Config(
        make_app(parts),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        log_config=None,  # in our form, with all other lines
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    listening = config.bind_socket()
    # Connections inherit it; asyncio sets it only on sockets that name their protocol. Without it
    # an answer waits 40 ms for the client to acknowledge its headers.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    host, port = listening.getsockname()[:2]
    on_ready(f"http://{host}:{port}/api/v1", made)
    supervisor = None
    if settings.workers:
        beside: dict[str, Any] = {
            "database": settings.database,
            "assets": settings.assets,
            "slots": settings.workers,
            "log": settings.log,
            "trace": settings.trace,
            "signing": settings.signing,
        }
        supervisor = Supervisor(Working(**beside), opening)
    watching = threading.Thread(target=supervisor.run) if supervisor else None
    if watching:
        watching.start()
    try:
        server.run(sockets=[listening])
    finally:
        if supervisor and watching:
            supervisor.stop()
            watching.join()
        parts.close()
