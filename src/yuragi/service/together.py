"""Writes that share a transaction: while one is being written to the disk, the next ones gather."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

__all__ = ["Together"]

T = TypeVar("T")
R = TypeVar("R")


class Together(Generic[T, R]):
    """Lets threads that write at the same time share a transaction.

    A transaction costs a few milliseconds until it is on the disk, and only one writes at a time.
    So a thread that finds another one writing adds its data to a list, and the next thread that may
    write does so for all that wait.

    Args:
        write: a function that writes several items in one transaction, and returns a value for
            each. If it raises, it has written nothing, and is called again with each item alone.
        most: the largest number of items in one transaction.
    """

    def __init__(self, write: Callable[[Sequence[T]], Sequence[R]], most: int) -> None:
        self._write = write
        self._most = most
        self._turn = threading.Lock()
        self._gathering = threading.Lock()
        self._waiting: list[tuple[T, Future[R]]] = []

    def __call__(self, given: T) -> R:
        """Write one item, and return what `write` returns for it; raises what it raises."""
        answer: Future[R] = Future()
        with self._gathering:
            self._waiting.append((given, answer))
        while not answer.done():
            with self._turn:
                if not answer.done():
                    self._write_waiting()
        return answer.result()

    def _write_waiting(self) -> None:
        with self._gathering:
            taken, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        try:
            made = self._write([given for given, _ in taken])
        except Exception:
            for given, answer in taken:
                self._alone(given, answer)
            return
        for (_, answer), one in zip(taken, made, strict=True):
            answer.set_result(one)

    def _alone(self, given: T, answer: Future[R]) -> None:
        try:
            (made,) = self._write([given])
        except Exception as error:
            answer.set_exception(error)
        else:
            answer.set_result(made)
