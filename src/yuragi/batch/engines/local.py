"""The engine in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from yuragi.batch.engines.engine import Engine

if TYPE_CHECKING:
    from yuragi.batch.outcome import Outcome
    from yuragi.batch.plan import Chunk
    from yuragi.batch.work import Bench

__all__ = ["Local"]


class Local(Engine):
    """One chunk after another in this process."""

    name: Literal["local"] = "local"

    def run(self, chunks: Sequence[Chunk], bench: Bench) -> Iterator[Outcome]:
        from yuragi.batch.work import Worker

        worker = Worker(bench)
        for chunk in chunks:
            yield from worker.do(chunk)
