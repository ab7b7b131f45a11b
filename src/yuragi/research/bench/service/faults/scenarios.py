"""Scenarios of faults. At the end of each one, all jobs of the service have ended."""

from __future__ import annotations

import io
import os
import random
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import numpy as np
from PIL import Image

from yuragi.client import Refused
from yuragi.research.bench.service.faults.bed import Bed, bed, kill, until
from yuragi.research.bench.service.faults.clock import Clock
from yuragi.research.bench.service.faults.disk import small_disk
from yuragi.research.bench.service.faults.postgres import Postgres
from yuragi.research.bench.service.faults.promises import counted
from yuragi.research.bench.service.faults.uploads import left_in_the_middle, said_twice
from yuragi.service.states import State

__all__ = ["SCENARIOS", "Known", "Scenario", "Size"]

Known: TypeAlias = Mapping[int, tuple[str, ...]]


@dataclass(frozen=True)
class Size:
    """How much is done in a scenario.

    Attributes:
        jobs: the number of jobs in `kills`; most others have multiples of `few`.
        faults: the number of faults.
    """

    jobs: int
    faults: int

    @property
    def few(self) -> int:
        """The base number of jobs in scenarios other than `kills`: a tenth, and at least 4."""
        return max(4, self.jobs // 10)


Scenario: TypeAlias = Callable[[str, Postgres | None, Size, Known], dict[str, int]]


def kills(database: str, server: Postgres | None, size: Size, known: Known) -> dict[str, int]:
    """Kill the processes of workers in the middle of jobs, and cancel some jobs meanwhile."""
    chance = random.Random(0)
    with bed(database) as there:
        there.worker("first", slots=2)
        jobs = there.submit(size.jobs)
        for number in range(size.faults):
            goal = size.jobs * (number + 1) // (size.faults + 2)
            until(partial(_beyond, there, goal))
            there.cancel(chance.choice(jobs[size.jobs // 2 :]))
            running = there.service.queue().running
            if number % 2 and running:
                there.cancel(chance.choice(running))
            time.sleep(chance.uniform(0, 0.5))
            until(partial(_killed, there, chance))
        there.finish()
        return counted(there, known) | {"faults": size.faults}


def _beyond(there: Bed, done: int) -> bool:
    """Whether at least this many jobs have ended and another one is running."""
    return there.done() >= done and there.running()


def _killed(there: Bed, chance: random.Random) -> bool:
    """Kill a process that is running a job, if there is one, and return whether it was killed."""
    found = there.at_work()
    return bool(found) and kill(chance.choice(found))


def restarts(database: str, server: Postgres | None, size: Size, known: Known) -> dict[str, int]:
    """Stop the database server in both ways in the middle of jobs, and start it again."""
    assert server is not None
    with bed(database) as there:
        there.worker("first")
        for how in ("fast", "immediate"):
            there.submit(size.few)
            until(there.running)
            server.stop(how)
            time.sleep(2)
            server.start()
        there.submit(2)
        there.finish()
        return counted(there, known) | {"faults": 2}


def disk(database: str, server: Postgres | None, size: Size, known: Known) -> dict[str, int]:
    """Fill the disk that stores the pictures; once there is space again, retry the failed jobs."""
    with small_disk() as (folder, fill), bed(database, assets=folder) as there:
        there.worker("first")
        there.submit(2)
        there.finish()
        ballast = fill()
        refused = _refused(there)
        jobs = there.submit(size.few)
        there.finish()
        failed = [job for job in jobs if there.service.job(job).state is State.FAILED]
        reasons = {there.service.job(job).error for job in failed}
        ballast.unlink()
        for job in failed:
            there.service.retry(job)
        there.finish()
        counts = counted(there, known, retried=frozenset(failed))
        silent = int("" in reasons) + (refused != 507)
        return counts | {"faults": len(failed), "lost": counts["lost"] + silent}


def _refused(there: Bed) -> int:
    """The status with which an upload is refused; 0 if it is accepted."""
    noise = np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "PNG")
    try:
        there.service.upload(file.getvalue())
    except Refused as error:
        return error.status
    return 0


def two(database: str, server: Postgres | None, size: Size, known: Known) -> dict[str, int]:
    """Run two workers on one queue without any fault."""
    with bed(database) as there:
        there.worker("first")
        there.worker("second")
        there.submit(size.few * 2)
        there.finish()
        return counted(there, known) | {"faults": 0}


def stuck(database: str, server: Postgres | None, size: Size, known: Known) -> dict[str, int]:
    """Suspend a worker in the middle of a job, and resume it after another worker did the job."""
    with bed(database) as there:
        first = there.worker("first")
        there.submit(size.few)
        until(there.running)
        os.killpg(first.pid, signal.SIGSTOP)
        there.worker("second")
        there.finish()
        os.killpg(first.pid, signal.SIGCONT)
        time.sleep(3)
        there.submit(2)
        there.finish()
        return counted(there, known) | {"faults": 1}


def gone(database: str, server: Postgres | None, size: Size, known: Known) -> dict[str, int]:
    """Kill a worker with all its processes in the middle of a job, and do not restart it."""
    with bed(database) as there:
        first = there.worker("first")
        there.submit(size.few)
        until(there.running)
        there.processes.kill(first)
        there.worker("second")
        there.finish()
        return counted(there, known) | {"faults": 1}


def clients(database: str, server: Postgres | None, size: Size, known: Known) -> dict[str, int]:
    """Disconnect clients in the middle of an upload, which must leave no job and no picture."""
    with bed(database) as there:
        for _ in range(size.faults):
            left_in_the_middle(there.address)
        time.sleep(1)
        half = len(there.jobs()) + sum(file.is_file() for file in there.assets.rglob("*"))
        there.worker("first")
        there.submit(2)
        there.finish()
        counts = counted(there, known)
        return counts | {"faults": 2 * size.faults, "half": counts["half"] + half}


def duplicates(database: str, server: Postgres | None, size: Size, known: Known) -> dict[str, int]:
    """Submit equal requests and different ones under the same key at the same time."""
    broken = 0
    with bed(database) as there:
        for number in range(size.faults):
            equal = [{"model": "portraits", "prompt": "a person", "seed": number}] * 8
            jobs, refused = said_twice(there.address, f"equal-{number}", equal)
            broken += len({*jobs}) != 1 or len(jobs) != 8 or refused != 0
            different = [{**each, "seed": seed} for seed, each in enumerate(equal)]
            jobs, refused = said_twice(there.address, f"different-{number}", different)
            broken += len(jobs) != 1 or refused != 7
        expected = 2 * size.faults
        broken += len(there.jobs()) != expected
        there.service.clear()
        return counted(there, known) | {"faults": expected, "twice": broken}


def clock(database: str, server: Postgres | None, size: Size, known: Known) -> dict[str, int]:
    """Set the clock back by an hour in the middle of jobs, and then kill a worker's process."""
    with TemporaryDirectory(prefix="yuragi-clock-") as folder:
        time_of = Clock(Path(folder) / "clock")
        with bed(database, dict(time_of.environment)) as there:
            there.worker("first")
            there.submit(size.few)
            until(there.running)
            time_of.set(-1)
            there.submit(size.few)
            until(partial(_beyond, there, size.few // 2))
            until(partial(_killed, there, random.Random(0)))
            there.finish()
            return counted(there, known) | {"faults": 2}


SCENARIOS: Mapping[str, Scenario] = {
    each.__name__: each
    for each in (kills, restarts, disk, two, stuck, gone, clients, duplicates, clock)
}
"""All scenarios by name."""
