"""Progress bars and remarks, on the error stream; the standard output holds only results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from yuragi.train.loop import Report

__all__ = ["progress", "say", "training"]


@contextmanager
def progress(what: str, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A bar with the time left; yields a function to call with (done, in all).

    It appears with the first call and closes when all is done, so that several may follow one
    another.
    """
    with _bar(what, quiet) as update:
        yield lambda done, total: update(done, total, "")


@contextmanager
def training(what: str) -> Iterator[Callable[[Report], None]]:
    """The same for a training run, with loss and speed."""
    with _bar(what, quiet=False) as update:
        yield lambda report: update(
            report.step,
            report.steps,
            f"loss {report.loss:.4f}, {report.samples_per_second:.1f} samples/s",
        )


@contextmanager
def _bar(what: str, quiet: bool) -> Iterator[Callable[[int, int, str], None]]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[remark]}"),
        console=Console(stderr=True),
        disable=quiet,
    )
    task = bar.add_task(what, total=None, remark="")

    def update(done: int, total: int, remark: str) -> None:
        bar.start()
        bar.update(task, completed=done, total=total, remark=remark)
        if done >= total:
            bar.stop()

    try:
        yield update
    finally:
        bar.stop()


def say(text: str) -> None:
    """A remark for people."""
    typer.echo(text, err=True)
