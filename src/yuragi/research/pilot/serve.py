"""The process of the page on which raters vote."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

import uvicorn

from yuragi.errors import InputError
from yuragi.research.pilot.page import LOCAL, Booth, make_page
from yuragi.service.stopping import told_to_stop

__all__ = ["serve"]


def serve(
    booth: Booth, host: str, port: int, names: frozenset[str], on_ready: Callable[[str], None]
) -> None:
    """Answer until the process is told to stop (SIGTERM, Ctrl-C).

    Args:
        booth: what the page shows.
        host: the address to listen on.
        port: its port; 0 takes a free one.
        names: more names by which browsers call the page.
        on_ready: is called with the address of the page when raters can connect.

    Raises:
        InputError: other machines could connect, but not by any name.
        OSError: the port is taken.
    """
    if not _loopback(host) and not names:
        allowed = "an address of this machine, or --name be given"
        raise InputError("host", host, allowed)
    app = make_page(booth, LOCAL | {each.lower() for each in names})
    config = uvicorn.Config(
        app, host=host, port=port, log_level="warning", access_log=False, server_header=False
    )
    server = uvicorn.Server(config)
    listening = config.bind_socket()
    listening.listen(config.backlog)  # from now on connections wait until they are answered
    shown = next(iter(sorted(names)), host)

    def stop() -> None:
        server.should_exit = True

    with told_to_stop(stop):
        on_ready(f"http://{shown}:{listening.getsockname()[1]}")
        server.run(sockets=[listening])


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
