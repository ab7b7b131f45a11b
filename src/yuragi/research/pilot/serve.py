"""The page on which raters vote, without the rest of the service."""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.routing import Mount

from yuragi.errors import InputError
from yuragi.research.pilot.page import Booth, make_page
from yuragi.service.listening import listen, url_of
from yuragi.service.pages import MAX_BYTES
from yuragi.service.settings import Serving
from yuragi.service.shield import shield
from yuragi.service.stopping import told_to_stop

__all__ = ["PLACE", "make_app", "serve"]

PLACE = "/pilot"
"""The path of the page, as in the service."""


def make_app(booth: Booth, settings: Serving) -> Starlette:
    """The page below its path, behind the same middleware as the service."""
    mounted = Mount(PLACE, make_page([booth]))
    return Starlette(routes=[mounted], middleware=shield(settings, {PLACE: MAX_BYTES}))


def serve(booth: Booth, settings: Serving, on_ready: Callable[[str], None]) -> None:
    """Answer requests until the process is told to stop (SIGTERM, Ctrl-C).

    Args:
        booth: what the page shows.
        settings: the address, and the names that browsers use for it.
        on_ready: a function called with the URL of the server when raters can connect.

    Raises:
        InputError: other machines could connect, but no name is given for them to use.
        OSError: the port is in use.
    """
    if not settings.loopback and not settings.name:
        allowed = "an address of this machine, unless --name is given"
        raise InputError("host", settings.host, allowed)
    server, listening = listen(make_app(booth, settings), settings)
    shown = settings.name[0] if settings.name else settings.host

    def stop() -> None:
        server.should_exit = True

    with told_to_stop(stop):
        on_ready(url_of(shown, listening.getsockname()[1]))
        server.run(sockets=[listening])
