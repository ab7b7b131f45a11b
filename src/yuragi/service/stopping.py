"""How a process of the service stops: where nothing is lost, or after a grace period."""

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
    """Holds the thread that does jobs as soon as nothing would be lost.

    That thread is inside `working` while it has a job, and passes `here` whenever a part of the job
    is made. Another thread stops it, and then ends the process.
    """

    def __init__(self) -> None:
        self._work = threading.Lock()
        self._asked = threading.Event()

    @contextmanager
    def working(self) -> Iterator[None]:
        """A job is done inside; it is not begun after the thread was held."""
        with self._work:
            self.here()
            yield

    def here(self, leave: Callable[[], None] = lambda: None) -> None:
        """Go on, or call `leave` and never go on if the thread is to be held."""
        if self._asked.is_set():
            leave()
            self._work.release()
            threading.Event().wait()

    def ask(self) -> None:
        """Hold the thread at the next chance."""
        self._asked.set()

    def held(self, seconds: float) -> bool:
        """Wait for so long until the thread has no job or is held; whether it came to that."""
        return self._work.acquire(timeout=seconds)
