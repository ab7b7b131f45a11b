"""What a batch costs for each row, and how engines scale with their workers.

Every arrangement makes the same rows: edits of shipped portraits, eight to a chunk. Arrangements
take turns within a round, so that what else runs on the machine meets all of them, and rounds are
compared one by one. A cluster or a service is started before the clock; what a batch itself needs,
such as loading models in new workers, is measured, because a batch pays for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from yuragi.research.bench.service.processes import Processes

__all__ = ["ARRANGEMENTS", "bench_batch"]

PORTRAITS = ("portrait-0.png", "portrait-1.png", "portrait-4.png")
WORDS = ("long red hair", "short blond hair", "a smile", "a full beard")
STEPS = 20
WRITES = 50


@dataclass(frozen=True)
class Place:
    """Where a batch runs.

    Attributes:
        engine: the engine and its options.
        known: why the figure is what it is, in words; empty for nothing.
    """

    engine: Mapping[str, Any]


@contextmanager
def _local(workers: int, folder: Path) -> Iterator[Mapping[str, Any]]:
    yield {"name": "local"}


@contextmanager
def _ray(workers: int, folder: Path) -> Iterator[Mapping[str, Any]]:
    address = os.environ.get("RAY_ADDRESS")
    yield {"name": "ray", "workers": workers, **({"address": address} if address else {})}


@contextmanager
def _queue(workers: int, folder: Path) -> Iterator[Mapping[str, Any]]:
    database = f"sqlite:///{folder / 'jobs.db'}"
    with Processes(folder, database, {"OMP_NUM_THREADS": "1"}) as made:
        url = made.serve()
        made.start("worker", "--slots", workers, "--device", "cpu")
        yield {"name": "queue", "url": url}
