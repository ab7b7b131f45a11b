"""How a process of the service stops: at a point where nothing is lost, or after a grace period."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Halt", "told_to_stop"]


@contextmanager
def told_to_stop(act: Callable[[], None]) -> Iterator[None]:
    """Call a function on SIGTERM and Ctrl-C, instead of ending the process."""
    numbers = signal.SIGINT, signal.SIGTERM
    before = {each: signal.signal(each, lambda number, frame: act()) for each in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Halt:
    """Halts the thread that runs jobs as soon as nothing would be lost.

    That thread is inside `working` while it has a job, and calls `here` whenever a part of the job
    is made. Another thread halts it, and then ends the process.
    """

    def __init__(self) -> None:
        self._work = threading.Lock()
        self._asked = threading.Event()

    @contextmanager
    def working(self) -> Iterator[None]:
        """Run a job in the block; it is not begun after the thread was halted."""
        with self._work:
            self.here()
            yield

    def here(self, leave: Callable[[], None] = lambda: None) -> None:
        """Return, or, if the thread is to be halted, call `leave` and never return."""
        if self._asked.is_set():
            leave()
            self._work.release()
            threading.Event().wait()

    def ask(self) -> None:
        """Halt the thread at the next opportunity."""
        self._asked.set()

    def held(self, seconds: float) -> bool:
        """Wait until the thread has no job or is halted; returns whether this happened in time."""
        return self._work.acquire(timeout=seconds)
