"""`yuragi.run` in a loop, in a process like that of a worker, for comparison with a worker.

Like a worker, the loop saves its pictures as files.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from yuragi.errors import YuragiError
from yuragi.service.worker import NICE

__all__ = ["Loop", "looping"]


class Loop:
    """Runs sample requests of one model, one after another, in its own process."""

    def __init__(self, there: Connection) -> None:
        self._there = there

    def seconds(self, requests: Sequence[Mapping[str, Any]], until: float) -> float:
        """How long requests take, given their options without the model.

        Raises:
            YuragiError: they have not ended at `until`, a time of `time.monotonic`.
        """
        self._there.send(list(requests))
        if not self._there.poll(max(0.0, until - time.monotonic())):
            raise YuragiError("the loop did not end in time")
        taken: float = self._there.recv()
        return taken


@contextmanager
def looping(model: str, device: str, until: float) -> Iterator[Loop]:
    """A process that has loaded a model and run it once; errors are those of `Loop.seconds`."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_run, args=(there, model, device), daemon=True)
    process.start()
    try:
        loop = Loop(here)
        loop.seconds([{"prompt": "", "seed": 0}], until)
        yield loop
    finally:
        process.terminate()
        process.join()


def _run(there: Connection, model: str, device: str) -> None:
    from yuragi.models.names import load_model
    from yuragi.models.opening import Opening
    from yuragi.tasks.build import build
    from yuragi.tasks.run import run
    from yuragi.tasks.sample import SampleRequest

    os.nice(NICE)
    loaded = load_model(model, Opening(device=device))
    while True:
        requests = [
            build(SampleRequest, {"model": model, **options})[0] for options in there.recv()
        ]
        with TemporaryDirectory(prefix="yuragi-loop-") as folder:
            began = time.perf_counter()
            for number, request in enumerate(requests):
                run(request, loaded, {}).save(Path(folder) / str(number))
            there.send(time.perf_counter() - began)
