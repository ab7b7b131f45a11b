"""The engine of a service: every row is a job, and the workers of the service run the jobs.

A job has the name of its result as idempotency key, so that a resumed batch finds the jobs that an
earlier one submitted, whether they wait, run, or have ended.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import Field

from yuragi.batch.engines.engine import Engine
from yuragi.errors import InputError, YuragiError, missing_extra
from yuragi.options.option import Option

if TYPE_CHECKING:
    from yuragi.batch.items import Item
    from yuragi.batch.outcome import Outcome
    from yuragi.batch.plan import Chunk
    from yuragi.batch.settings import Files
    from yuragi.batch.store import Store
    from yuragi.batch.work import Bench
    from yuragi.client import Client
    from yuragi.service.wire import Job

__all__ = ["Queue"]

T = TypeVar("T")
LATER = (429, 503)
"""Statuses after which the same request can be sent again."""
AGAIN_S = 1.0
PATIENCE_S = 120.0
"""How long a service may be unreachable, or refuse everything, before the batch is given up."""


class Queue(Engine):
    """Rows as jobs of a service (`yuragi serve`)."""

    name: Literal["queue"] = "queue"
    url: Annotated[str, Option("Address of the service.", metavar="URL")] = "http://127.0.0.1:8420"
    token: Annotated[
        str, Option("Token of the service; better set YURAGI_TOKEN, which others cannot see.")
    ] = ""
    ahead: Annotated[
        Annotated[int, Field(ge=1, le=10_000)],
        Option("Number of jobs that wait or run at a time.", advanced=True),
    ] = 64

    def check(self, files: Files) -> None:
        from yuragi.batch.settings import Files

        usual = Files()
        for name, value in files:
            if value != getattr(usual, name):
                reason = "with --engine queue the service decides how files are written"
                raise InputError(name, str(value), "", reason)
        try:
            import httpx2  # noqa: F401
        except ModuleNotFoundError as error:
            raise missing_extra("--engine queue", "serve") from error

    def run(self, chunks: Sequence[Chunk], bench: Bench) -> Iterator[Outcome]:
        from yuragi.batch.outcome import Outcome, failed
        from yuragi.client import Client, Refused

        waiting: deque[tuple[Item, Job]] = deque()
        with Client(self.url, self.token) as service:
            _patiently(service.health)
            for item in (item for chunk in chunks for item in chunk):
                if bench.store.has(item.name):
                    yield Outcome(item.name)
                    continue
                while len(waiting) >= self.ahead:
                    yield _ended(service, *waiting.popleft(), bench.store)
                try:
                    waiting.append((item, _submitted(service, item)))
                except (Refused, InputError) as error:
                    yield failed(item.name, error)
            while waiting:
                yield _ended(service, *waiting.popleft(), bench.store)


def _submitted(service: Client, item: Item) -> Job:
    """The job of an item; a job that failed before is run again."""
    from yuragi.batch.places import fetch, is_url
    from yuragi.service.states import State
    from yuragi.tasks.picture import pictures_of
    from yuragi.tasks.tasks import TASKS

    options: dict[str, Any] = dict(item.options)
    for name in pictures_of(TASKS[item.kind]) & options.keys():
        place = options[name]
        options[name] = fetch(place, name) if is_url(place) else Path(place)
    key = item.name
    job = _patiently(lambda: service.submit(item.kind, idempotency_key=key, **options))
    if job.state is State.FAILED:
        return _patiently(lambda: service.retry(job.id))
    return job


def _ended(service: Client, item: Item, job: Job, store: Store) -> Outcome:
    """Wait until a job has ended, store its pictures, and return the outcome."""
    from yuragi.batch.outcome import Outcome, failed
    from yuragi.client import Refused
    from yuragi.service.states import State

    try:
        found = _patiently(lambda: service.wait(job.id))
        if found.state is not State.DONE:
            return Outcome(item.name, found.error or f"the job {job.id} is {found.state}")
        result = _patiently(lambda: service.result(job.id))
        pictures = [_patiently(partial(service.download, each.id)) for each in result.pictures]
    except Refused as error:
        return failed(item.name, error)
    store.put(item.name, pictures, {**result.report, "job": job.id})
    return Outcome(item.name)


def _patiently(ask: Callable[[], T]) -> T:
    """Call a service, and repeat the call while it is unreachable or has no room.

    Raises:
        Refused: the service refuses for another reason.
        YuragiError: the service stays unreachable or full.
    """
    import httpx2

    from yuragi.client import Refused

    until = time.monotonic() + PATIENCE_S
    while True:
        try:
            return ask()
        except Refused as error:
            if error.status not in LATER:
                raise
            last: Exception = error
        except httpx2.TransportError as error:
            last = error
        if time.monotonic() > until:
            raise YuragiError(f"the service cannot be used: {last}") from last
        time.sleep(AGAIN_S)
