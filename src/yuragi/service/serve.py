"""The process of the HTTP service, and the workers that it starts."""

from __future__ import annotations

import gc
import secrets
import threading
from collections.abc import Callable
from typing import Any

from yuragi.errors import InputError
from yuragi.models.opening import Opening
from yuragi.service.app import make_app
from yuragi.service.held import held
from yuragi.service.listening import listen, url_of
from yuragi.service.order import shown
from yuragi.service.settings import Serving, Working
from yuragi.service.stopping import told_to_stop
from yuragi.service.tracing import configure_traces
from yuragi.service.wire import Queue
from yuragi.service.worker import Supervisor

__all__ = ["serve"]

LEAST_TOKEN = 16


def serve(settings: Serving, opening: Opening, on_ready: Callable[[str, str], None]) -> Queue:
    """Answer until the process is told to stop (SIGTERM, Ctrl-C).

    Args:
        settings: the settings of the service.
        opening: how its workers open models.
        on_ready: a function called when clients can connect, with the address of the API, and with
            the token if one was made.

    Returns:
        The remaining queue.

    Raises:
        InputError: the database, store or address is not supported, the token is too short, or a
            folder of a page has nothing to show.
        OSError: the port is taken.
    """
    made = ""
    if not settings.loopback and 0 < len(settings.token) < LEAST_TOKEN:
        reason = "it is too short for an address that other machines reach"
        raise InputError("token", None, f"{LEAST_TOKEN} characters or more", reason)
    if not settings.loopback and not settings.token:
        made = secrets.token_urlsafe(32)
        settings = settings.model_copy(update={"token": made})
    if settings.trace:
        configure_traces("yuragi-serve")
    parts = held(settings)
    # A worker imports PyTorch in its own process; here only the checks of requests import it.
    server, listening = listen(make_app(parts), settings)
    host, port = listening.getsockname()[:2]
    supervisor = _supervisor(settings, opening)
    watching = threading.Thread(target=supervisor.run) if supervisor else None

    def stop() -> None:
        server.should_exit = True

    # uvicorn handles signals itself, and raises them again after it has stopped.
    with told_to_stop(stop):
        on_ready(f"{url_of(host, port)}/api/v1", made)
        if watching:
            watching.start()
        # The objects that exist now stay. Searching them for garbage would stop all answers for a
        # quarter of a second every few hundred requests.
        gc.collect()
        gc.freeze()
        try:
            server.run(sockets=[listening])
        finally:
            if supervisor and watching:
                supervisor.stop()
                watching.join()
        left = shown(parts.database)
        parts.close()
    return left


def _supervisor(settings: Serving, opening: Opening) -> Supervisor | None:
    if not settings.workers:
        return None
    beside: dict[str, Any] = {
        "database": settings.database,
        "assets": settings.assets,
        "policy": settings.policy,
        "slots": settings.workers,
        "grace": settings.grace,
        "log": settings.log,
        "trace": settings.trace,
        "signing": settings.signing,
    }
    return Supervisor(Working(**beside), opening)
