"""The process of the HTTP service, with workers beside it."""

from __future__ import annotations

import gc
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
    parts = held(settings)
    # In a process of its own a worker imports PyTorch; here only the checks of requests do.
    config = uvicorn.Config(
        make_app(parts),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    listening = config.bind_socket()
    # Connections inherit it; asyncio sets it only on sockets that name their protocol. Without it
    # an answer waits 40 ms for the client to acknowledge its headers.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listening.listen(config.backlog)  # from now on connections wait until they are answered
    host, port = listening.getsockname()[:2]
    on_ready(f"http://{host}:{port}/api/v1", made)
    supervisor = None
    if settings.workers:
        beside: dict[str, Any] = {
            "database": settings.database,
            "assets": settings.assets,
            "slots": settings.workers,
        }
        supervisor = Supervisor(Working(**beside), opening)
    watching = threading.Thread(target=supervisor.run) if supervisor else None
    if watching:
        watching.start()
    # What is there now stays. To look through it for garbage would stop all answers for a quarter
    # of a second every few hundred requests.
    gc.collect()
    gc.freeze()
    try:
        server.run(sockets=[listening])
    finally:
        if supervisor and watching:
            supervisor.stop()
            watching.join()
        parts.close()
