"""The progress of training runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from yuragi.cli.progress import bar, progress
from yuragi.research.train.loop import Report

__all__ = ["phased_training", "phases", "training"]


@contextmanager
def training(what: str) -> Iterator[Callable[[Report], None]]:
    """A progress bar with loss and speed; yields a function to call with every report."""
    with bar(what, quiet=False) as update:
        yield lambda report: update(
            report.done,
            report.total,
            f"loss {report.loss:.4f}, {report.samples_per_second:.1f} samples/s",
        )


@contextmanager
def phases() -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    """Progress bars for phases, one after another; yields a function that starts one by name."""
    with ExitStack() as open_bars:
        yield lambda name: open_bars.enter_context(progress(name))


@contextmanager
def phased_training() -> Iterator[Callable[[str], Callable[[Report], None]]]:
    """The same for training runs, one after another; yields a function that starts one by name."""
    with ExitStack() as open_bars:
        yield lambda name: open_bars.enter_context(training(name))
