"""How a worker runs a job.

A ticket is a workflow of DBOS; if its worker dies, another worker repeats it, until it ends. It has
no DBOS steps: the job table already says which job was taken for which turn of a ticket, so
recording the same again would only cost another transaction on the disk for every job.
"""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from dbos import DBOS
from PIL import Image
from sqlalchemy.exc import DBAPIError
from torch import Tensor

from yuragi.errors import YuragiError
from yuragi.provenance.signing import Signing
from yuragi.service.assets import Assets
from yuragi.service.attempts import Attempt, begin, claim
from yuragi.service.database import Database, or_crash
from yuragi.service.loaded import Loaded
from yuragi.service.logs import of_job
from yuragi.service.memory import most_memory
from yuragi.service.naming import check_named
from yuragi.service.parts import Parts, forget_parts
from yuragi.service.preview import Costs, Previews
from yuragi.service.refusals import note_refusal
from yuragi.service.states import State
from yuragi.service.stopping import Halt
from yuragi.service.tickets import WORKFLOW, Tickets
from yuragi.service.tracing import span
from yuragi.service.uploads import FORMATS, Upload
from yuragi.service.wire import Asset, JobResult
from yuragi.tasks.context import batches
from yuragi.tasks.policy import Asked, Forbidden, Policy
from yuragi.tasks.record import Record
from yuragi.tasks.result import Result
from yuragi.tasks.run import run
from yuragi.tasks.tasks import parse_request
from yuragi.tasks.writing import Style

__all__ = ["Bench", "register"]

LOG = logging.getLogger(__name__)
TURNS = 100
"""How many jobs are run for one ticket: after a crash, all earlier turns are looked up again."""
SAID_S = 0.2
"""Steps that follow one another faster are not all reported."""
ASKED_S = 0.05
"""After steps that follow one another faster, the state of the job is not always read."""


class Stopped(Exception):
    """The job was cancelled, or another worker has it."""


@dataclass(frozen=True)
class Bench:
    """The parts that a worker needs.

    Attributes:
        database: the job table.
        assets: the store of pictures.
        loaded: the models.
        slot: the name of the worker.
        tickets: the queue.
        signing: how results are signed.
        policy: which requests are allowed.
        halt: halts the worker between the parts of a job when it is to stop.
        costs: the time that a preview takes, as measured in earlier jobs.
    """

    database: Database
    assets: Assets
    loaded: Loaded
    slot: str
    tickets: Tickets
    signing: Signing
    policy: Policy
    halt: Halt
    costs: Costs = field(default_factory=dict)


def register(bench: Bench) -> None:
    """Make the workflow of a ticket known to DBOS, before it is launched."""

    # Each job counts its own starts, so DBOS must not limit the starts of a ticket.
    @DBOS.workflow(name=WORKFLOW, max_recovery_attempts=None)
    def jobs() -> None:
        if _turns(bench, str(DBOS.workflow_id)):
            # The remaining jobs are left to the next ticket. If this is repeated, a surplus ticket
            # finds nothing.
            with or_crash(), bench.database.writing() as connection:
                bench.tickets.add(connection, 1)


def _turns(bench: Bench, ticket: str) -> bool:
    """Run jobs for a ticket, until none waits; returns whether some may remain after `TURNS`.

    A worker that was only stuck, and sees that another one has its job, leaves the whole ticket to
    that one. Otherwise the two would take each job away from each other.
    """
    for turn in range(TURNS):
        with bench.halt.working(), or_crash():
            taken = claim(bench.database, ticket, turn)
            if taken is None:
                return False
            with of_job(taken):
                attempt = begin(bench.database, taken, bench.slot)
                if attempt is not None and not _do(bench, attempt):
                    return False
                forget_parts(bench.assets, taken)
    return True


def _do(bench: Bench, attempt: Attempt) -> bool:
    """Run a job and record its outcome; returns whether it ended here, not with another worker."""
    LOG.info("begun by %s", bench.slot)
    try:
        with span(attempt.job, "run", {"yuragi.slot": bench.slot}):
            made = _run(bench, attempt)
        attempt.finish(made.model_dump(mode="json"))
    except Stopped:
        if attempt.state() is None:
            return False
        attempt.cancelled()
        LOG.info("stopped as asked")
    except Forbidden as error:
        note_refusal(bench.database, error, attempt.client, attempt.job)
        attempt.fail(str(error))
    except DBAPIError:
        raise
    except OSError as error:
        LOG.exception("job %s failed", attempt.job)
        attempt.fail(f"pictures cannot be read or stored: {error.strerror or error}")
    except YuragiError as error:
        attempt.fail(str(error))
        LOG.info("failed: %s", error)
    except Exception as error:
        # Clients get only the name of the error; the operator gets the traceback.
        LOG.exception("job %s failed", attempt.job)
        attempt.fail(f"an error inside the service: {type(error).__name__}")
    else:
        LOG.info("done, %s evaluations", made.report["evaluations"])
    return True


def _run(bench: Bench, attempt: Attempt) -> JobResult:
    request = parse_request(attempt.request)
    check_named(request)
    sources = {digest: _picture(bench, name) for digest, name in attempt.sources.items()}
    bench.policy.check(Asked(request, sources, attempt.consent))  # the policy may have changed
    model, weak = bench.loaded.of(request)

    def once() -> Result:
        watch = _Watch(bench, attempt, Previews(model, bench.costs))
        parts = Parts(bench.assets, attempt.job, [each for each in (model, weak) if each])
        seen = watch.previews.model

        def keep(make: Callable[[], Sequence[Tensor]]) -> Sequence[Tensor]:
            def next_one() -> Sequence[Tensor]:
                bench.halt.here(parts.write)
                return make()

            return parts.keep(next_one)

        return run(request, seen, sources, watch, weak=weak, keep=keep)

    result = bench.loaded.with_room(once)
    if attempt.state() is not State.RUNNING:
        raise Stopped
    return _stored(bench, result)


class _Watch:
    """Called after every solver step: reports progress, and stops a job that was cancelled."""

    def __init__(self, bench: Bench, attempt: Attempt, previews: Previews) -> None:
        self.bench, self.attempt, self.previews = bench, attempt, previews
        self._said = self._asked = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._said >= SAID_S or done == total:
            self._said = self._asked = now
            self._go_on(self.attempt.progress(done, total))
        elif now - self._asked >= ASKED_S:
            self._asked = now
            self._go_on(self.attempt.state())
        self.previews.seen(done / total, self._show)

    def _go_on(self, state: State | None) -> None:
        if state is not State.RUNNING:
            raise Stopped

    def _show(self, preview: Upload) -> None:
        (asset,) = self.bench.assets.put_all([preview])
        self.attempt.preview(asset.id)


def _picture(bench: Bench, name: str) -> Image.Image:
    with Image.open(io.BytesIO(bench.assets.read(name)), formats=("PNG",)) as picture:
        picture.load()
        return picture


def _stored(bench: Bench, result: Result) -> JobResult:
    """Store the pictures of a result, each with its request inside."""
    style, record = Style(signing=bench.signing), result.record

    def file(picture: Image.Image, told: Record) -> Upload:
        data = style.encoded("result.png", picture, told)
        return Upload(data, FORMATS["PNG"], picture.width, picture.height)

    shown = [(each, replace(record, index=k)) for k, each in enumerate(result.images)]
    if result.mask is not None:
        shown.append((result.mask, replace(record, shows="mask")))
    pictures = list[Asset]()
    for some in batches(shown):  # not all of them in memory
        pictures += bench.assets.put_all([file(*each) for each in some])
    mask = None if result.mask is None else pictures.pop()
    told = {**result.report(), "memory_bytes": most_memory()}
    report: dict[str, Any] = json.loads(json.dumps(told, default=str))
    return JobResult(pictures=pictures, mask=mask, report=report)
