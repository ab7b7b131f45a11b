"""A worker: processes that run jobs, and their supervisor, which restarts them when they die.

A worker that is told to stop finishes the running part of its job, within a grace period, and then
ends as if it had crashed there: another worker continues the job. So stopping needs no other
measures.
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
"""How long to wait before a slot that died is started again."""
LATE_S = 5.0
"""How much longer than the grace period a slot may take to end."""
TRIES = 3
"""How often a remote store of pictures is asked before a job fails."""
NICE = 5
"""The priority of a worker: others on the same machine, such as the HTTP API, go first."""


def run_slot(settings: Working, opening: Opening) -> None:
    """Run jobs, one at a time, until the process is told to stop or loses its parent."""
    from dbos import DBOS

    from yuragi.device import pick_device
    from yuragi.service.assets import open_assets
    from yuragi.service.attempts import forgive
    from yuragi.service.database import open_database, or_crash
    from yuragi.service.learned import learn
    from yuragi.service.loaded import Loaded
    from yuragi.service.slots import Pulse, Watch, take_slot
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
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor receives it, and tells us
    warnings.simplefilter("ignore", YuragiWarning)  # results contain them
    database = open_database(settings.database)
    database.migrate()
    slot = take_slot(settings.name)
    opening = opening.with_more({"offline": True})  # the hub is never contacted
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
    pulse = Pulse(database, slot.name, device, Watch(settings.dead_after), _adopt)
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
    """Whether the process that started this one has ended, even if it ended before this call."""
    parent = multiprocessing.parent_process()
    return parent is not None and not parent.is_alive()


class Supervisor:
    """Keeps the slots of a worker running.

    Args:
        settings: the settings of the worker.
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
