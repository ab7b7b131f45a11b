"""A service for fault injection, with real processes, small real jobs and a record of them."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import httpx2
import sqlalchemy as sa

from yuragi.client import Client, Refused
from yuragi.research.bench.service.processes import Processes
from yuragi.service import tables
from yuragi.service.database import Database, open_database
from yuragi.service.states import State
from yuragi.service.wire import Job

__all__ = ["SEEDS", "Bed", "bed", "kill", "until"]

T = TypeVar("T")
JOBS, WORKERS = tables.jobs, tables.workers

MODEL, PROMPT = "portraits", "a person with red hair"
DEAD_AFTER_S = 4
SEEDS = 4
"""The number of different seeds of jobs; it is small, so that few results have to be known."""
STEPS = 6
PATIENCE_S = 300.0


@dataclass
class Bed:
    """A service with the jobs that were submitted to it.

    Attributes:
        service: a client.
        address: the address of the service.
        processes: its processes.
        database: its job table.
        assets: the folder of its pictures.
        accepted: the seeds of accepted jobs, by id.
        cancelled: the jobs that were cancelled.
    """

    service: Client
    address: str
    processes: Processes
    database: Database
    assets: Path
    accepted: dict[str, int] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)

    def submit(self, number: int) -> list[str]:
        """Submit jobs, each repeatedly until the service accepts it, and return their ids."""
        jobs = []
        for k in range(number):
            seed = k % SEEDS
            jobs.append(until(partial(self._tried, seed, uuid.uuid4().hex)).id)
            self.accepted[jobs[-1]] = seed
        return jobs

    def _tried(self, seed: int, key: str) -> Job:
        """The accepted job; an error is raised if it is unknown whether the job was accepted."""
        return self.service.submit(
            "sample",
            model=MODEL,
            prompt=PROMPT,
            seed=seed,
            num_inference_steps=STEPS,
            idempotency_key=key,
        )

    def cancel(self, job: str) -> None:
        """Cancel a job, unless it has ended."""
        with suppress(Refused):
            self.service.cancel(job)
            self.cancelled.add(job)

    def worker(self, name: str, slots: int = 1) -> subprocess.Popen[bytes]:
        """Start a worker and wait for its first heartbeat."""
        options = "--name", name, "--slots", slots, "--dead-after", DEAD_AFTER_S
        made, _ = self.processes.start(
            "worker", "--assets", self.assets, "--device", "cpu", *options
        )
        until(lambda: f"{name}-{slots}" in self.service.health().workers)
        return made

    def at_work(self) -> Sequence[int]:
        """The ids of the processes that are running a job."""
        doing = sa.select(WORKERS.c.process).join(JOBS, JOBS.c.slot == WORKERS.c.slot)
        with self.database.reading() as connection:
            found = connection.execute(doing.where(JOBS.c.state == State.RUNNING))
            return sorted({*found.scalars()})

    def running(self) -> bool:
        """Whether a job is running."""
        return bool(self.service.queue().running)

    def done(self) -> int:
        """The number of jobs that have ended."""
        return sum(job.state.ended for job in self.jobs())

    def jobs(self) -> list[Job]:
        """All jobs that the service has."""
        return list(self.service.jobs(limit=1000))

    def finish(self) -> None:
        """Wait until all jobs have ended."""
        until(lambda: self.done() == len(self.jobs()))


@contextmanager
def bed(
    database: str, environment: dict[str, str] | None = None, assets: Path | None = None
) -> Iterator[Bed]:
    """A service without a worker, in its own folder.

    Args:
        database: the URL of an empty database, or the word ``sqlite``.
        environment: additional environment variables of its processes.
        assets: the folder of pictures; None for one in the service's folder.
    """
    with TemporaryDirectory(prefix="yuragi-faults-") as name:
        folder = Path(name)
        url = f"sqlite:///{folder}/jobs.db" if database == "sqlite" else database
        store = assets or folder / "assets"
        threads = {"OMP_NUM_THREADS": "1"}  # so that all processes get identical sums
        with Processes(folder, url, {**threads, **(environment or {})}) as processes:
            address = processes.serve("--assets", store)
            opened = open_database(url)
            try:
                with Client(address) as service:
                    yield Bed(service, address, processes, opened, store)
            finally:
                opened.engine.dispose()


def until(found: Callable[[], T | None]) -> T:
    """The first true answer of a function that may sometimes fail to reach the service.

    Raises:
        TimeoutError: there was no true answer within `PATIENCE_S`.
    """
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        with suppress(Refused, httpx2.TransportError):
            if answer := found():
                return answer
        time.sleep(0.1)
    raise TimeoutError(f"it did not happen within {PATIENCE_S:.0f} seconds")


def kill(process: int) -> bool:
    """Kill a process, as a power failure does, and return whether it existed."""
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
        return True
    return False
