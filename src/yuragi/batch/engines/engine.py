"""The interface of an engine: a class of its options, with a method that processes chunks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from yuragi.options.values import Strict

if TYPE_CHECKING:
    from yuragi.batch.outcome import Outcome
    from yuragi.batch.plan import Chunk
    from yuragi.batch.settings import Batch
    from yuragi.batch.work import Bench

__all__ = ["Engine"]


class Engine(Strict):
    """The base class of engines; the fields of an engine are its options."""

    name: str

    def check(self, batch: Batch) -> None:
        """Refuse what the engine cannot do, before the manifest is read.

        Raises:
            InputError: an option is not allowed with this engine.
            MissingExtraError: it needs optional dependencies.
        """

    @abstractmethod
    def run(self, chunks: Sequence[Chunk], bench: Bench) -> Iterator[Outcome]:
        """Process chunks, and yield the outcome of each row as soon as it is known.

        A result that is reported as made is in the store. The work stops when the caller stops
        iterating.

        Raises:
            OSError: results cannot be stored.
            YuragiError: the engine cannot continue.
        """
