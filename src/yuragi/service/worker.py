"""A worker: processes that do jobs, and their supervisor, which starts them again when they die.

A worker that is told to stop finishes the running part of its job, within a grace period, and ends
as if it crashed there: another one goes on with the job. So nothing else is done when it stops.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
import warnings
from functools import partial
from multiprocessing.context import SpawnProcess

from yuragi.errors import YuragiWarning
from yuragi.models.opening import Opening
from yuragi.service.logs import configure_logs
from yuragi.service.settings import Working

__all__ = ["NICE", "Supervisor", "orphaned", "run_slot"]

LOG = logging.getLogger(__name__)
BEAT_S = 1.0
AGAIN_S = 1.0
"""How long a slot that died is left alone before it is started again."""
LATE_S = 5.0
"""How much longer than the grace period a slot may take to end."""
TRIES = 3
"""How often a store of pictures that is elsewhere is asked before a job fails for it."""
NICE = 5
"""Whoever shares a machine with a worker, such as the HTTP API, goes first."""


def run_slot(settings: Working, opening: Opening) -> None:
    """Do jobs, one at a time, until the process is told to stop or loses its parent."""
    from dbos import DBOS

    from yuragi.device import pick_device
    from yuragi.service.assets import open_assets
    from yuragi.service.attempts import forgive
    from yuragi.service.database import open_database, or_crash
    from yuragi.service.learned import learn
    from yuragi.service.loaded import Loaded
    from yuragi.service.slots import Pulse, take_slot
    from yuragi.service.stopping import Halt
    from yuragi.service.tickets import configuration, open_tickets
    from yuragi.service.tracing import configure_traces
    from yuragi.service.work import Bench, register
    from yuragi.tasks.policy import read_policy

    configure_logs(settings.log)
    flush = configure_traces("yuragi-worker") if settings.trace else (lambda: None)
    os.nice(NICE)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda number, frame: stop.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor hears it, and tells us
    warnings.simplefilter("ignore", YuragiWarning)  # results carry them
    database = open_database(settings.database)
    database.migrate()
    slot = take_slot(settings.name)
    opening = opening.with_more({"offline": True})  # the hub is never asked
    device = str(pick_device(opening.device))
    bench = Bench(
        database,
        open_assets(settings.assets, database, TRIES),
        Loaded(opening, settings.keep, partial(learn, database)),
        slot.name,
        open_tickets(database),
        settings.signing,
        read_policy(settings.policy),
        Halt(),
    )
    DBOS(config=configuration(database, slot.name))
    register(bench)
    DBOS.launch()
    pulse = Pulse(database, slot.name, device, settings.dead_after, _adopt)
    while not stop.is_set() and not orphaned():
        with or_crash():
            pulse.beat()
        stop.wait(BEAT_S)
    bench.halt.ask()
    until = time.monotonic() + settings.grace
    while not bench.halt.held(min(BEAT_S, max(0.0, until - time.monotonic()))):
        if time.monotonic() >= until:
            break
        pulse.beat()
    forgive(database, slot.name)
    pulse.leave()
    flush()
    os._exit(0)


def _adopt(slot: str) -> None:
    from dbos import DBOS

    for handle in DBOS._recover_pending_workflows([slot]):
        LOG.warning("workflow %s of %s was taken over", handle.get_workflow_id(), slot)


def orphaned() -> bool:
    """Whether the process that started this one has ended, also if it ended before we asked."""
    parent = multiprocessing.parent_process()
    return parent is not None and not parent.is_alive()


class Supervisor:
    """Keeps the slots of a worker running.

    Args:
        settings: the worker.
        opening: how it opens models.
    """

    def __init__(self, settings: Working, opening: Opening) -> None:
        self.settings, self.opening = settings, opening
        self._stop = threading.Event()
        self._context = multiprocessing.get_context("spawn")

    def run(self) -> None:
        """Run until `stop`; a slot that dies is started again."""
        slots = [self._start() for _ in range(self.settings.slots)]
        while not self._stop.wait(AGAIN_S / 4):
            for number, slot in enumerate(slots):
                if slot.exitcode is not None:
                    LOG.warning("a worker ended with code %s and is started again", slot.exitcode)
                    self._stop.wait(AGAIN_S)
                    if not self._stop.is_set():
                        slots[number] = self._start()
        self._end(slots)

    def stop(self) -> None:
        """Stop soon: after the running parts of the jobs, or after the grace period."""
        self._stop.set()

    def _start(self) -> SpawnProcess:
        slot = self._context.Process(target=run_slot, args=(self.settings, self.opening))
        slot.start()
        return slot

    def _end(self, slots: list[SpawnProcess]) -> None:
        for slot in slots:
            slot.terminate()
        until = time.monotonic() + self.settings.grace + LATE_S
        for slot in slots:
            slot.join(max(0.0, until - time.monotonic()))
            if slot.exitcode is None:
                LOG.warning("a worker did not stop in time and is killed; its job is not lost")
                slot.kill()
                slot.join()
