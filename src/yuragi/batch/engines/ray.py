"""The engine on a cluster: actors of Ray Data, each of which keeps its models loaded.

An actor writes the results of a chunk itself, wherever the store is, and sends back only the
outcomes of its rows. If an actor dies, Ray starts it again and repeats its chunk, without a limit;
rows that it had finished have receipts and are not made again. Another actor counts the tries, so
that a row that kills every process is given up (`yuragi.batch.engines.tries`).
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from yuragi.batch.engines.engine import Engine
from yuragi.batch.engines.tries import MOST, Tries, fatal
from yuragi.errors import InputError, YuragiError, missing_extra
from yuragi.options.option import Option
from yuragi.options.values import Finite

if TYPE_CHECKING:
    from yuragi.batch.outcome import Outcome
    from yuragi.batch.plan import Chunk
    from yuragi.batch.settings import Batch
    from yuragi.batch.work import Bench, Worker
    from yuragi.models.opening import Opening

__all__ = ["Ray"]

BLOCKS = 4096
"""The largest number of parts of the work: each costs Ray some memory and a few milliseconds."""


class Ray(Engine):
    """Chunks on workers of a Ray cluster."""

    name: Literal["ray"] = "ray"
    workers: Annotated[
        Annotated[int, Field(ge=1)], Option("Number of workers, each with models of its own.")
    ] = 1
    gpus: Annotated[
        Annotated[Finite, Field(ge=0)] | None,
        Option(
            "GPUs of each worker; several workers share one by parts such as 0.5.",
            default="1 if the cluster has any, else none",
        ),
    ] = None
    address: Annotated[
        str,
        Option(
            "Address of the cluster.",
            default="RAY_ADDRESS, or a cluster of this machine alone, for this batch",
            metavar="ADDRESS",
        ),
    ] = ""

    def check(self, batch: Batch) -> None:
        try:
            import ray.data  # noqa: F401
        except ImportError as error:
            raise missing_extra("--engine ray", "ray") from error

    def run(self, chunks: Sequence[Chunk], bench: Bench) -> Iterator[Outcome]:
        import ray
        from ray.exceptions import RayError

        from yuragi.batch.outcome import Outcome

        with redirect_stdout(sys.stderr):  # Ray prints there, even at its end, that a worker died
            began = not ray.is_initialized()
            if began:
                self._begin()
            try:
                for told in self._done(chunks, bench):
                    yield Outcome(**told)
            except RayError as error:
                cause = getattr(error, "cause", None)
                if isinstance(cause, OSError):  # a worker cannot store results
                    raise cause from error
                raise YuragiError(f"the cluster cannot go on: {error}") from error
            finally:
                if began:
                    ray.shutdown()

    def _begin(self) -> None:
        """Connect to the cluster, or start one."""
        import os

        import ray

        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        known = self.address or os.environ.get("RAY_ADDRESS")
        # A cluster that is started here has one CPU for each worker.
        own: dict[str, Any] = (
            {} if known else {"num_cpus": self.workers, "include_dashboard": False}
        )
        try:
            ray.init(
                address=known or "local", log_to_driver=False, logging_level=logging.ERROR, **own
            )
        except Exception as error:  # Ray has no class for these errors
            raise YuragiError(f"Ray does not start or answer: {error}") from error

    def _done(self, chunks: Sequence[Chunk], bench: Bench) -> Iterator[dict[str, str]]:
        import ray
        import ray.data

        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        gpus = self.gpus
        if gpus is None:
            gpus = 1.0 if "GPU" in ray.cluster_resources() else 0.0  # type: ignore[no-untyped-call]
        _check_precision(gpus, bench.opening)
        # As text: Arrow would give all rows the columns of all tasks.
        given = [{"chunk": json.dumps([asdict(item) for item in chunk])} for chunk in chunks]
        parts = ray.data.from_items(given, override_num_blocks=min(len(given), BLOCKS))
        # If the machine that counts is lost, the counts start from zero again.
        tries = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(Tries).remote()
        made = parts.map_batches(
            _Actor,
            fn_constructor_args=(bench, tries),
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=self.workers),
            num_cpus=1,
            num_gpus=gpus,
        )
        yield from made.iter_rows()


def _check_precision(gpus: float, opening: Opening) -> None:
    """Refuse workers that would choose another precision than this machine, which named results.

    Raises:
        InputError: either the workers or this machine has GPUs, and no precision is given.
    """
    from yuragi.device import pick_device

    here = pick_device().type != "cpu"
    if opening.dtype is None and opening.device is None and here != (gpus > 0):
        reason = "the workers would choose another precision than this machine"
        has = "the workers have GPUs and it has none" if gpus else "it has a GPU and they use none"
        raise InputError("dtype", None, "given, such as float32 or float16", f"{reason}: {has}")


class _Actor:
    """A worker in a process of Ray.

    Args:
        bench: the parts that it needs.
        tries: the actor that counts.
    """

    def __init__(self, bench: Bench, tries: Any) -> None:
        self._bench = bench
        self._tries = tries

    def __call__(self, given: dict[str, Any]) -> Iterator[dict[str, list[str]]]:
        from yuragi.batch.items import Item

        for text in given["chunk"]:
            chunk = [Item(**told) for told in json.loads(text)]
            for outcome in self._done(chunk):
                yield {name: [value] for name, value in asdict(outcome).items()}

    @cached_property
    def _worker(self) -> Worker:
        """Made after rows have begun, because it imports PyTorch, for which memory may be short."""
        from yuragi.batch.work import Worker

        return Worker(self._bench)

    def _done(self, chunk: Chunk) -> Iterator[Outcome]:
        """Process a chunk; rows that were in progress when a process died are processed alone."""
        import ray

        from yuragi.batch.outcome import Outcome

        counts = ray.get(self._tries.counts.remote([item.name for item in chunk]))
        died = {item.name: count for item, count in zip(chunk, counts, strict=True)}
        together = [item for item in chunk if not died[item.name]]
        for group in (together, *([item] for item in chunk if died[item.name])):
            names = [item.name for item in group]
            if any(died[name] >= MOST for name in names):
                yield from (Outcome(name, fatal()) for name in names)
                continue
            ray.get(self._tries.begin.remote(names))
            yield from self._worker.do(group)
            ray.get(self._tries.end.remote(names))
