"""The page on which raters vote, without the rest of the service."""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.routing import Mount

from yuragi.errors import InputError
from yuragi.research.pilot.page import Booth, make_page
from yuragi.service.listening import listen
from yuragi.service.pages import MAX_BYTES
from yuragi.service.settings import Serving
from yuragi.service.shield import shield
from yuragi.service.stopping import told_to_stop

__all__ = ["PLACE", "make_app", "serve"]

PLACE = "/pilot"
"""The path below which the page lies, as in the service."""


def make_app(booth: Booth, settings: Serving) -> Starlette:
    """The page below its path, behind what stands before the service."""
    mounted = Mount(PLACE, make_page([booth]))
    return Starlette(routes=[mounted], middleware=shield(settings, {PLACE: MAX_BYTES}))


def serve(booth: Booth, settings: Serving, on_ready: Callable[[str], None]) -> None:
    """Answer until the process is told to stop (SIGTERM, Ctrl-C).

    Args:
        booth: what the page shows.
        settings: the address, and the names by which browsers call it.
        on_ready: is called with the address of the server when raters can connect.

    Raises:
        InputError: other machines could connect, but not by any name.
        OSError: the port is taken.
    """
    if not settings.loopback and not settings.name:
        allowed = "an address of this machine, or --name be given"
        raise InputError("host", settings.host, allowed)
    server, listening = listen(make_app(booth, settings), settings)
    shown = settings.name[0] if settings.name else settings.host

    def stop() -> None:
        server.should_exit = True

    with told_to_stop(stop):
        on_ready(f"http://{shown}:{listening.getsockname()[1]}")
        server.run(sockets=[listening])
