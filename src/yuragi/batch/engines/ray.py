"""The engine on a cluster: actors of Ray Data, each of which keeps its models loaded.

An actor writes the results of a chunk itself, wherever the store is, and sends back only what came
of its rows. Ray starts an actor again that died, and does its chunk once more; what that had
finished before has its receipts, and is not made again.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from yuragi.batch.engines.engine import Engine
from yuragi.errors import YuragiError, missing_extra
from yuragi.options.option import Option
from yuragi.options.values import Finite

if TYPE_CHECKING:
    from yuragi.batch.outcome import Outcome
    from yuragi.batch.plan import Chunk
    from yuragi.batch.settings import Files
    from yuragi.batch.work import Bench

__all__ = ["Ray"]

BLOCKS = 4096
"""The most parts into which the work is cut: each costs Ray some memory and a few milliseconds."""


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

    def check(self, files: Files) -> None:
        try:
            import ray.data  # noqa: F401
        except ImportError as error:
            raise missing_extra("--engine ray", "ray") from error

    def run(self, chunks: Sequence[Chunk], bench: Bench) -> Iterator[Outcome]:
        import ray
        from ray.exceptions import RayError

        from yuragi.batch.outcome import Outcome

        began = not ray.is_initialized()
        if began:
            self._begin()
        try:
            with redirect_stdout(sys.stderr):  # Ray says there that a worker died
                for told in self._done(chunks, bench):
                    yield Outcome(**told)
        except RayError as error:
            cause = getattr(error, "cause", None)
            if isinstance(cause, OSError):  # a worker cannot keep results
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
        # A cluster of its own has as many places as workers are asked for.
        own: dict[str, Any] = (
            {} if known else {"num_cpus": self.workers, "include_dashboard": False}
        )
        try:
            ray.init(
                address=known or "local", log_to_driver=False, logging_level=logging.ERROR, **own
            )
        except Exception as error:  # it has no class of its own for these
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
        # As text: Arrow would give all rows the columns of all tasks.
        given = [{"chunk": json.dumps([asdict(item) for item in chunk])} for chunk in chunks]
        parts = ray.data.from_items(given, override_num_blocks=min(len(given), BLOCKS))
        made = parts.map_batches(
            _Actor,
            fn_constructor_args=(bench,),
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=self.workers),
            num_cpus=1,
            num_gpus=gpus,
        )
        yield from made.iter_rows()


class _Actor:
    """A worker in a process of Ray."""

    def __init__(self, bench: Bench) -> None:
        from yuragi.batch.work import Worker

        self._worker = Worker(bench)

    def __call__(self, given: dict[str, Any]) -> Iterator[dict[str, list[str]]]:
        from yuragi.batch.items import Item

        for text in given["chunk"]:
            chunk = [Item(**told) for told in json.loads(text)]
            for outcome in self._worker.do(chunk):
                yield {name: [value] for name, value in asdict(outcome).items()}
