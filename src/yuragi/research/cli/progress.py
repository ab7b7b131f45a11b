"""The progress of a training run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from yuragi.cli.progress import bar
from yuragi.research.train.loop import Report

__all__ = ["training"]


@contextmanager
def training(what: str) -> Iterator[Callable[[Report], None]]:
    """A progress bar with loss and speed; yields a function to call with every report."""
    with bar(what, quiet=False) as update:
        yield lambda report: update(
            report.step,
            report.steps,
            f"loss {report.loss:.4f}, {report.samples_per_second:.1f} samples/s",
        )
