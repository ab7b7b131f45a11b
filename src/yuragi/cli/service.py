"""The commands `yuragi serve` and `yuragi worker`, with options from `yuragi.service.settings`."""

from __future__ import annotations

import logging
import signal
from typing import Any

from yuragi.cli.configuration import defaults_of
from yuragi.cli.loading import OPENING, use
from yuragi.cli.parameters import nested, parameters, signature
from yuragi.cli.progress import say
from yuragi.errors import missing_extra
from yuragi.service.settings import Serving, Working

__all__ = ["serve", "worker"]

SERVING = list(parameters(Serving))
WORKING = list(parameters(Working))


def _serve(**given: Any) -> None:
    """Serve the HTTP API on this machine, with a worker that does the jobs."""
    given = defaults_of("serve", [*SERVING, *OPENING]) | _said(given)
    settings, opening = Serving(**nested(given, SERVING)), use(given)
    logging.basicConfig(level=logging.WARNING)
    try:
        from yuragi.service.serve import serve as run
    except ModuleNotFoundError as error:
        raise missing_extra("yuragi serve", "serve") from error
    run(settings, opening, say)


def _worker(**given: Any) -> None:
    """Do jobs of a service, wherever its database and its store of pictures can be reached."""
    given = defaults_of("worker", [*WORKING, *OPENING]) | _said(given)
    settings, opening = Working(**nested(given, WORKING)), use(given)
    logging.basicConfig(level=logging.WARNING)
    try:
        import dbos  # noqa: F401
    except ModuleNotFoundError as error:
        raise missing_extra("yuragi worker", "serve") from error
    from yuragi.service.worker import Supervisor

    supervisor = Supervisor(settings, opening)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: supervisor.stop())
    supervisor.run()


def _said(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


serve = signature(_serve, [*SERVING, *OPENING])
worker = signature(_worker, [*WORKING, *OPENING])
