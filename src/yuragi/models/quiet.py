"""Loading without output from the libraries that load."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType

__all__ = ["quiet"]


class _Held(logging.Handler):
    """Keeps the messages."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@contextmanager
def quiet() -> Iterator[list[str]]:
    """Silence the libraries in the block; yields the warnings of diffusers and transformers.

    Afterwards their progress bars and loggers are restored.
    """
    from diffusers.utils import logging as of_diffusers
    from transformers.utils import logging as of_transformers

    held = _Held()
    with ExitStack() as stack:
        for bars, name in ((of_diffusers, "diffusers"), (of_transformers, "transformers")):
            stack.enter_context(_without_bars(bars))
            stack.enter_context(_told_to(held, logging.getLogger(name)))
        yield held.said


@contextmanager
def _without_bars(library: ModuleType) -> Iterator[None]:
    if not library.is_progress_bar_enabled():
        yield
        return
    library.disable_progress_bar()
    try:
        yield
    finally:
        library.enable_progress_bar()


@contextmanager
def _told_to(handler: logging.Handler, logger: logging.Logger) -> Iterator[None]:
    """Send the warnings of a logger to one handler only, whatever its level was."""
    before = logger.handlers, logger.level, logger.propagate
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.handlers, level, logger.propagate = before
        logger.setLevel(level)
