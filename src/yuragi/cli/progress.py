"""Progress bars and messages on the error stream; the standard output has results only."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from yuragi.tasks.estimate import Estimate

__all__ = ["bar", "forewarn", "progress", "say"]


@contextmanager
def progress(what: str, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A progress bar with the remaining time; yields a function to call with (done, total).

    The bar appears with the first call and closes when all steps are done, so that several bars can
    follow one another.
    """
    with bar(what, quiet) as update:
        yield lambda done, total: update(done, total, "")


@contextmanager
def bar(what: str, quiet: bool) -> Iterator[Callable[[int, int, str], None]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    shown = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[remark]}"),
        console=Console(stderr=True),
        disable=quiet,
    )
    task = shown.add_task(what, total=None, remark="")

    def update(done: int, total: int, remark: str) -> None:
        # The handler in `yuragi.__main__` sets this when it interrupts; a library that was being
        # imported may have swallowed the interrupt.
        if signal.getsignal(signal.SIGINT) == signal.SIG_DFL:
            raise KeyboardInterrupt
        shown.start()
        shown.update(task, completed=done, total=total, remark=remark)
        if done >= total:
            shown.stop()

    try:
        yield update
    finally:
        if shown.live.is_started:  # otherwise it would print an empty line
            shown.stop()


def say(text: str) -> None:
    """Print a message on the error stream."""
    typer.echo(text, err=True)


def forewarn(quiet: bool) -> Callable[[Estimate], None] | None:
    """Print what people should know before a run: a size far from the model's, and a long time.

    None for a quiet run, which is not timed.
    """
    return None if quiet else _forewarn


def _forewarn(estimate: Estimate) -> None:
    if estimate.evaluations and estimate.far:
        width, height = estimate.size
        say(
            f"note: the network sees {width}x{height} pixels; "
            f"this model is at its best around {estimate.native}x{estimate.native}"
        )
    if estimate.long:
        say(str(estimate))
