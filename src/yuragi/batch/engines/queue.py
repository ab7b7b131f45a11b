"""The engine of a service: every row is a job, and the workers of the service run the jobs.

A job has the name of its result as idempotency key, so that a resumed batch finds the jobs that an
earlier one submitted, whether they wait, run, or have ended.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import Field

from yuragi.batch.engines.engine import Engine
from yuragi.errors import InputError, YuragiError, missing_extra
from yuragi.options.option import Option

if TYPE_CHECKING:
    from yuragi.batch.items import Item
    from yuragi.batch.naming import Setup
    from yuragi.batch.outcome import Outcome
    from yuragi.batch.plan import Chunk
    from yuragi.batch.settings import Batch
    from yuragi.batch.store import Store
    from yuragi.batch.work import Bench
    from yuragi.client import Client
    from yuragi.service.wire import Job, JobResult

__all__ = ["Queue"]

T = TypeVar("T")
LATER = (429, 502, 503, 504)
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

    def check(self, batch: Batch) -> None:
        from yuragi.batch.settings import Files

        usual = Files()
        for name, value in batch.files:
            if value != getattr(usual, name):
                reason = "with --engine queue the service decides how files are written"
                raise InputError(name, str(value), "", reason)
        if batch.policy is not None:
            reason = "with --engine queue the policy is that of the service"
            raise InputError("policy", str(batch.policy), "", reason)
        try:
            import httpx2
        except ModuleNotFoundError as error:
            raise missing_extra("--engine queue", "serve") from error
        try:
            url = httpx2.URL(self.url)
            usable = url.scheme in ("http", "https") and bool(url.host)
        except httpx2.InvalidURL:
            usable = False
        if not usable:
            raise InputError("url", self.url, "an address such as http://127.0.0.1:8420")

    def run(self, chunks: Sequence[Chunk], bench: Bench) -> Iterator[Outcome]:
        from yuragi.batch.naming import as_checked, setup_of
        from yuragi.batch.outcome import Outcome, failed
        from yuragi.client import Client, Refused

        waiting: deque[_Sent] = deque()
        with Client(self.url, self.token) as service:
            _patiently(service.health)
            for item in (item for chunk in chunks for item in chunk):
                if bench.store.has(item.name):
                    yield Outcome(item.name)
                    continue
                while len(waiting) >= self.ahead:
                    yield _ended(service, waiting.popleft(), bench.store)
                try:
                    setup = setup_of(as_checked(item, bench.opening).request, bench.opening)
                    waiting.append(_Sent(item, setup, _submitted(service, item, setup)))
                except (Refused, InputError) as error:
                    yield failed(item.name, error)
            while waiting:
                yield _ended(service, waiting.popleft(), bench.store)


@dataclass(frozen=True)
class _Sent:
    """An item that waits or runs.

    Attributes:
        item: the item.
        setup: what must compute it.
        job: its job.
    """

    item: Item
    setup: Setup
    job: Job


def _submitted(service: Client, item: Item, setup: Setup) -> Job:
    """The job of an item; one that failed, or that another setup has computed, is run again."""
    from yuragi.batch.places import fetch
    from yuragi.service.states import State
    from yuragi.tasks.picture import pictures_of
    from yuragi.tasks.tasks import TASKS

    options: dict[str, Any] = dict(item.options)
    options.pop("max_pixels", None)  # it is for this process; the service has its own limit
    for name in pictures_of(TASKS[item.kind]) & options.keys():
        options[name] = fetch(options[name], name)
    key = item.name
    while True:
        submit = partial(service.submit, item.kind, idempotency_key=key, **options)
        job = _patiently(submit)
        if job.state is State.FAILED:
            return _patiently(partial(_queued_again, service, job.id))
        if job.state is not State.DONE or _suits(service, job, setup):
            return job
        key = f"{item.name}-{job.id}"  # a job that is done cannot be run again


def _queued_again(service: Client, job: str) -> Job:
    """The job, which runs once more.

    If the answer to an earlier call was lost, the job waits or runs already, and the service
    refuses to queue it twice.
    """
    from yuragi.client import Refused

    try:
        return service.retry(job)
    except Refused as error:
        if error.status != 409:
            raise
        return service.job(job)


def _suits(service: Client, job: Job, setup: Setup) -> bool:
    """Whether a job that is done was computed by this setup."""
    try:
        _check(_patiently(partial(service.result, job.id)), setup)
    except InputError:
        return False
    return True


def _check(result: JobResult, setup: Setup) -> None:
    """Refuse a result that another setup has computed."""
    origin = result.report["origin"]
    setup.check(origin["weights"], origin["weak_weights"], origin["dtype"])


def _ended(service: Client, sent: _Sent, store: Store) -> Outcome:
    """Wait until a job has ended, store its pictures, and return the outcome."""
    from yuragi.batch.outcome import Outcome, failed
    from yuragi.client import Refused
    from yuragi.service.states import State

    name, job = sent.item.name, sent.job.id
    try:
        found = _patiently(partial(service.wait, job))
        if found.state is not State.DONE:
            return Outcome(name, found.error or f"the job {job} is {found.state}")
        result = _patiently(partial(service.result, job))
        _check(result, sent.setup)
        pictures = [_patiently(partial(service.download, each.id)) for each in result.pictures]
    except (Refused, InputError) as error:
        return failed(name, error)
    store.put(name, pictures, {**result.report, "job": job})
    return Outcome(name)


def _patiently(ask: Callable[[], T]) -> T:
    """Call a service, and repeat the call while it is unreachable or has no room.

    Raises:
        Refused: the service refuses for another reason.
        YuragiError: the service stays unreachable or full, or refuses the token, as it would for
            every other row.
    """
    import httpx2

    from yuragi.client import Refused

    failing = None
    while True:
        began = time.monotonic()
        try:
            return ask()
        except Refused as error:
            if error.status == 401:
                message = "the service refuses the token: set YURAGI_TOKEN, or give --token"
                raise YuragiError(message) from error
            if error.status not in LATER:
                raise
            last: Exception = error
        except httpx2.TransportError as error:
            last = error
        now = time.monotonic()
        # A call that lasted longer, such as a wait, was answered until it broke.
        if failing is None or now - began > PATIENCE_S:
            failing = now
        if now - failing >= PATIENCE_S:
            raise YuragiError(f"the service cannot be used: {last}") from last
        time.sleep(AGAIN_S)
