"""The commands `yuragi serve`, `yuragi studio` and `yuragi worker`.

Their options come from `yuragi.service.settings`.
"""

from __future__ import annotations

import threading
import webbrowser
from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

import typer

from yuragi.cli.answer import answer
from yuragi.cli.configuration import completed
from yuragi.cli.loading import LOCAL, use
from yuragi.cli.options import JsonOption
from yuragi.cli.parameters import Parameter, nested, parameters, signature
from yuragi.cli.progress import say
from yuragi.errors import InputError, missing_extra
from yuragi.models.opening import Opening
from yuragi.provenance.sign import prepare
from yuragi.service.logs import configure_logs
from yuragi.service.settings import Serving, Shared, Working
from yuragi.service.wire import Queue
from yuragi.tasks.policy import read_policy

__all__ = ["SERVING", "STUDIO", "WORKING", "serve", "studio", "worker"]

SERVING = list(parameters(Serving))
STUDIO = [
    each.helped("Address of this machine to listen on.") if each.name == "host" else each
    for each in SERVING
    if each.name != "token"
]
"""The page sends no token: one in the configuration is not used, and no other address works."""
WORKING = list(parameters(Working))

Run: TypeAlias = Callable[[Serving, Opening, Callable[[str, str], None]], Queue]


def _serve(json: bool, **given: Any) -> None:
    """Serve the HTTP API on this machine, with a worker that does the jobs."""
    settings, opening, run = _service("serve", SERVING, given)
    if not settings.loopback:
        say("warning: other machines can connect, and without TLS anyone on the way reads along")

    def ready(url: str, token: str) -> None:
        made = [f"token: {token}"] if token else []
        answer(json, {"url": url, **({"token": token} if token else {})}, url, *made)

    _say_left(run(settings, opening, ready))


def _studio(json: bool, no_browser: bool, **given: Any) -> None:
    """Open the studio in a browser: the service of `yuragi serve`, and its page."""
    settings, opening, run = _service("studio", STUDIO, given)
    if not settings.loopback:
        allowed = "an address of this machine: a browser sends no token of the service"
        raise InputError("host", settings.host, allowed)

    def ready(url: str, token: str) -> None:
        page = url.removesuffix("/api/v1") + "/"
        answer(json, {"url": page}, page)
        if not no_browser:
            # In a thread, because some browsers return only when they are closed.
            threading.Thread(target=webbrowser.open, args=(page,), daemon=True).start()

    _say_left(run(settings, opening, ready))


def _service(
    command: str, own: list[Parameter], given: dict[str, Any]
) -> tuple[Serving, Opening, Run]:
    """The settings of a service, how it opens models, and the function that runs it."""
    said = [each.of.flag for each in LOCAL if given[each.name] is not None]
    given = completed("serve", [*SERVING, *LOCAL], given)
    settings, opening = Serving(**nested(given, own)), use(given)
    if said and not settings.workers:
        say(f"warning: {', '.join(said)}: not used, because only workers load models")
    _prepared(settings)
    try:
        from yuragi.service.serve import serve as run
    except ModuleNotFoundError as error:
        raise missing_extra(f"yuragi {command}", "serve") from error
    return settings, opening, run


def _say_left(left: Queue) -> None:
    waiting, begun = len(left.queued), len(left.running)
    say(f"stopped: {waiting} waiting and {begun} unfinished jobs are kept")


def _worker(json: bool, **given: Any) -> None:
    """Run jobs of a service, on any machine that can reach its database and picture store."""
    given = completed("worker", [*WORKING, *LOCAL], given)
    settings, opening = Working(**nested(given, WORKING)), use(given)
    _prepared(settings)
    try:
        import dbos  # noqa: F401
    except ModuleNotFoundError as error:
        raise missing_extra("yuragi worker", "serve") from error
    from yuragi.service.stopping import told_to_stop
    from yuragi.service.worker import Supervisor

    read_policy(settings.policy)  # report mistakes in it here, before a slot reads it
    supervisor = Supervisor(settings, opening)
    told = {"name": settings.name, "slots": settings.slots}
    with told_to_stop(supervisor.stop):
        answer(json, told, f"{settings.name}: {settings.slots} at a time")
        supervisor.run()
    say("stopped: jobs that are not finished are kept, and go on with the next worker")


def _prepared(settings: Shared) -> None:
    """Start logging, and check that results can be signed if requested."""
    configure_logs(settings.log)
    if settings.signing.sign:
        prepare(settings.signing)


serve = signature(_serve, [*SERVING, *LOCAL], json=JsonOption)
studio = signature(
    _studio,
    [*STUDIO, *LOCAL],
    json=JsonOption,
    no_browser=Annotated[
        bool, typer.Option("--no-browser", help="Do not open the page; only print its address.")
    ],
)
worker = signature(_worker, [*WORKING, *LOCAL], json=JsonOption)
