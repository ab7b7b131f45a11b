"""How rows are processed, in this process or in that of a worker."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from yuragi.batch.items import Item, Made
from yuragi.batch.naming import as_checked, setup_of
from yuragi.batch.outcome import Outcome, failed
from yuragi.batch.plan import Chunk
from yuragi.batch.store import Store
from yuragi.errors import YuragiError, YuragiWarning
from yuragi.models.model import DiffusionModel
from yuragi.models.opening import Opening
from yuragi.service.loaded import Loaded
from yuragi.tasks.base import Request
from yuragi.tasks.policy import Asked, Policy
from yuragi.tasks.record import Record, public
from yuragi.tasks.result import Result
from yuragi.tasks.run import run_all
from yuragi.tasks.writing import Style

__all__ = ["Bench", "Worker"]

LOG = logging.getLogger(__name__)
MODELS = 2
"""The most loaded models. Chunks are ordered by model, so one and its weaker one are enough."""


@dataclass(frozen=True)
class Bench:
    """The parts that workers need; they can be sent to another process.

    Attributes:
        store: the store of results.
        style: how their files are written.
        opening: how models are opened.
        policy: which requests are allowed.
    """

    store: Store
    style: Style
    opening: Opening
    policy: Policy


class Worker:
    """Processes chunks; its models stay loaded between them."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self._loaded = Loaded(bench.opening, MODELS)

    def do(self, chunk: Chunk) -> Iterator[Outcome]:
        """Process the rest of a chunk, and yield the outcome of each row.

        A row that fails is an outcome like any other.

        Raises:
            OSError: results cannot be stored.
        """
        ready = list[tuple[Item, Made]]()
        for item in chunk:
            if self.bench.store.has(item.name):  # made by a worker that was killed later
                yield Outcome(item.name)
                continue
            try:
                ready.append((item, self._made(item)))
            except YuragiError as error:
                yield failed(item.name, error)
        if not ready:
            return
        request = ready[0][1].request  # all of a chunk have the same models
        try:
            model, weak = self._loaded.of(request)
            self._check(request, model, weak)
        except YuragiError as error:
            yield from (failed(item.name, error) for item, _ in ready)
            return
        yield from self._run(ready, model, weak)

    def _made(self, item: Item) -> Made:
        """The request of an item, which must be the one that was checked."""
        made = as_checked(item, self.bench.opening)
        self.bench.policy.check(Asked(made.request, made.sources, made.consent))
        return made

    def _check(self, request: Request, model: DiffusionModel, weak: DiffusionModel | None) -> None:
        """Refuse loaded models whose files were replaced after their results were named."""
        weaker = "" if weak is None else weak.weights
        dtype = str(model.dtype).removeprefix("torch.")
        setup_of(request, self.bench.opening).check(model.weights, weaker, dtype)

    def _run(
        self,
        ready: Sequence[tuple[Item, Made]],
        model: DiffusionModel,
        weak: DiffusionModel | None,
    ) -> Iterator[Outcome]:
        """Run rows together; if that fails, run each alone, so that one affects no others."""
        try:
            made = self._together(ready, model, weak)
        except Exception as error:
            if len(ready) == 1:
                ((item, _),) = ready
                if not isinstance(error, YuragiError):
                    LOG.exception("row %s failed", item.row)
                yield failed(item.name, error)
                return
            made = None
        if made is None:
            # Not while the error is handled, which holds the tensors of the failed run: a device
            # that was full would stay full.
            for one in ready:
                yield from self._run([one], model, weak)
            return
        for (item, _), (result, pictures) in zip(ready, made, strict=True):
            self.bench.store.put(item.name, pictures, _report(result))
            yield Outcome(item.name)

    def _together(
        self,
        ready: Sequence[tuple[Item, Made]],
        model: DiffusionModel,
        weak: DiffusionModel | None,
    ) -> list[tuple[Result, list[bytes]]]:
        """The results of rows that run together, with the bytes of their files."""
        requests = [made.request for _, made in ready]
        sources = {key: each for _, made in ready for key, each in made.sources.items()}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", YuragiWarning)  # receipts contain them
            results = self._loaded.with_room(lambda: run_all(requests, model, sources, weak=weak))
        return [
            (result, self._pictures(item, result))
            for (item, _), result in zip(ready, results, strict=True)
        ]

    def _pictures(self, item: Item, result: Result) -> list[bytes]:
        """The bytes of a result's files, each with its request inside."""
        style = self.bench.style
        if style.signing.sign:
            style = replace(style, original=item.original())
        return [
            style.encoded(f"{item.name}{self.bench.store.suffix}", one, _of(result, k))
            for k, one in enumerate(result.images)
        ]


def _of(result: Result, index: int) -> Record:
    return replace(result.record, index=index)


def _report(result: Result) -> dict[str, Any]:
    """The content of a receipt: the report of `yuragi TASK --json`, without local paths."""
    told = {**result.report(), "request": public(result.request).model_dump(mode="json")}
    found: dict[str, Any] = json.loads(json.dumps(told, default=str))
    return found
