"""The commands `yuragi serve` and `yuragi worker`, with options from `yuragi.service.settings`."""

from __future__ import annotations

import signal
from typing import Any

from yuragi.cli.answer import answer
from yuragi.cli.configuration import defaults_of
from yuragi.cli.loading import OPENING, use
from yuragi.cli.options import JsonOption
from yuragi.cli.parameters import Parameter, nested, parameters, signature
from yuragi.cli.progress import say
from yuragi.errors import missing_extra
from yuragi.provenance.sign import prepare
from yuragi.service.logs import configure_logs
from yuragi.service.settings import Serving, Shared, Working

__all__ = ["serve", "worker"]

SERVING = list(parameters(Serving))
WORKING = list(parameters(Working))


def _serve(json: bool, **given: Any) -> None:
    """Serve the HTTP API on this machine, with a worker that does the jobs."""
    given = _completed("serve", SERVING, given)
    settings, opening = Serving(**nested(given, SERVING)), use(given)
    _prepared(settings)
    try:
        from yuragi.service.serve import serve as run
    except ModuleNotFoundError as error:
        raise missing_extra("yuragi serve", "serve") from error
    if not settings.loopback:
        say("warning: other machines can connect, and without TLS anyone on the way reads along")

    def ready(url: str, token: str) -> None:
        made = [f"token: {token}"] if token else []
        answer(json, {"url": url, **({"token": token} if token else {})}, url, *made)

    run(settings, opening, ready)


def _worker(json: bool, **given: Any) -> None:
    """Do jobs of a service, wherever its database and its store of pictures can be reached."""
    given = _completed("worker", WORKING, given)
    settings, opening = Working(**nested(given, WORKING)), use(given)
    _prepared(settings)
    try:
        import dbos  # noqa: F401
    except ModuleNotFoundError as error:
        raise missing_extra("yuragi worker", "serve") from error
    from yuragi.service.worker import Supervisor

    supervisor = Supervisor(settings, opening)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: supervisor.stop())
    told = {"name": settings.name, "slots": settings.slots}
    answer(json, told, f"{settings.name}: {settings.slots} at a time")
    supervisor.run()


def _prepared(settings: Shared) -> None:
    """Begin the log, and check that results can be signed if they are to be."""
    configure_logs(settings.log)
    if settings.signing.sign:
        prepare(settings.signing)


def _completed(command: str, own: list[Parameter], given: dict[str, Any]) -> dict[str, Any]:
    """What was given, and what the configuration says of the rest."""
    said = {name: value for name, value in given.items() if value is not None}
    return defaults_of(command, [*own, *OPENING]) | said


serve = signature(_serve, [*SERVING, *OPENING], json=JsonOption)
worker = signature(_worker, [*WORKING, *OPENING], json=JsonOption)
