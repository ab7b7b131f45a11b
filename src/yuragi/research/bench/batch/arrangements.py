"""Engines with a number of workers, ready to run batches."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from yuragi.batch.engines import Engine
from yuragi.batch.engines.local import Local
from yuragi.batch.engines.queue import Queue
from yuragi.batch.engines.ray import Ray
from yuragi.client import Client
from yuragi.errors import YuragiError
from yuragi.research.bench.service.processes import Processes

__all__ = ["ENGINES", "Place", "processor_seconds"]

PATIENCE_S = 180.0
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Place:
    """Where batches run.

    Attributes:
        engine: the engine.
        sessions: the POSIX session ids of the processes that work for it.
    """

    engine: Engine
    sessions: frozenset[int]


@contextmanager
def _local(workers: int, device: str, folder: Path) -> Iterator[Place]:
    yield Place(Local(), frozenset({os.getsid(0)}))


@contextmanager
def _ray(workers: int, device: str, folder: Path) -> Iterator[Place]:
    """A cluster on this machine. One that this process already uses is used, and left running."""
    import ray

    began = not ray.is_initialized()
    if began:
        ray.init(address="local", include_dashboard=False, log_to_driver=False, num_cpus=workers)
    try:
        yield Place(Ray(workers=workers), frozenset({os.getsid(0)}))
    finally:
        if began:
            ray.shutdown()


@contextmanager
def _queue(workers: int, device: str, folder: Path) -> Iterator[Place]:
    """A service with this number of workers, each in its own process."""
    database = f"sqlite:///{folder / 'jobs.db'}"
    with Processes(folder, database, {"OMP_NUM_THREADS": "1"}) as made:
        url = made.serve()
        for number in range(workers):
            made.start("worker", "--name", f"worker-{number}", "--device", device)
        until = time.monotonic() + PATIENCE_S
        with Client(url) as service:
            while len(service.health().workers) < workers:
                if time.monotonic() > until:
                    raise YuragiError("the workers of the service do not start")
                time.sleep(0.5)
        sessions = {os.getsid(0), *(each.pid for each in made.started)}
        yield Place(Queue(url=url), frozenset(sessions))


ENGINES: Mapping[str, Callable[[int, str, Path], AbstractContextManager[Place]]] = {
    "local": _local,
    "ray": _ray,
    "queue": _queue,
}
"""By the name of the engine: (number of workers, device, empty folder) -> place."""


def processor_seconds(sessions: frozenset[int]) -> float:
    """The processor time of all processes of some sessions, including children that have ended."""
    return sum(_ticks(int(each.name), sessions) for each in _processes()) * TICK_S


def _processes() -> Iterator[Path]:
    return (each for each in Path("/proc").iterdir() if each.name.isdigit())


def _ticks(process: int, sessions: frozenset[int]) -> int:
    try:
        # After the name, which is in brackets and can have spaces: state, parent, group, session.
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # the process has ended
        return 0
    return sum(map(int, fields[11:15])) if int(fields[3]) in sessions else 0
