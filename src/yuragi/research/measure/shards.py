"""Statistics of many pictures, computed by several workers and merged afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path

import torch

from yuragi.errors import InputError
from yuragi.research.measure.folder import Pictures
from yuragi.research.metrics.backends import Backend
from yuragi.research.metrics.figure import Figure
from yuragi.research.metrics.levels import digests_of
from yuragi.research.metrics.moments import Statistics

__all__ = ["distance_figure", "gathered"]


def gathered(
    sources: Sequence[Path],
    open_backend: Callable[[], Backend],
    on_source: Callable[[int, int], None],
) -> Statistics:
    """The merged statistics of folders of pictures and of files with statistics of other workers.

    Args:
        sources: the folders and files.
        open_backend: a function that opens the feature extractor; called only for folders.
        on_source: a function called with (sources done, all sources).

    Raises:
        InputError: a source is neither a folder nor a file, was made with another backend, or has
            the same pictures as another one, which would count twice.
    """
    found = [
        Statistics.read(source, "sources") if source.is_file() else Pictures(source, "sources")
        for source in sources
    ]
    known: dict[Path | int, Path] = {}

    def once(key: Path | int, source: Path) -> None:
        if key in known:
            reason = f"it has the same pictures as {known[key]}, which would count twice"
            raise InputError("sources", str(source), "", reason, "give each source once")
        known[key] = source

    # Folders are told apart by their paths at first, so that a mistake is found before any picture
    # is encoded, and by their pictures afterwards.
    for source, each in zip(sources, found, strict=True):
        once(source.resolve() if isinstance(each, Pictures) else each.digest, source)
    parts, backend = [], None
    for source, each in zip(sources, found, strict=True):
        if isinstance(each, Pictures):
            backend = backend or open_backend()
            each = of_folder(each, backend)
            once(each.digest, source)
        parts.append(each)
        on_source(len(parts), len(sources))
    return reduce(Statistics.__add__, parts)


@torch.no_grad()
def of_folder(pictures: Pictures, backend: Backend) -> Statistics:
    """The statistics of a folder, computed batch by batch without keeping features."""
    parts = (
        Statistics.of(backend, backend.encode(batch).features, digests_of(batch))
        for batch in pictures.batches()
    )
    return reduce(Statistics.__add__, parts)


def distance_figure(found: Statistics, real: Statistics, seeds: str) -> Figure:
    """The Frechet distance between statistics as a figure.

    Raises:
        InputError: the backends differ, or there are too few pictures.
    """
    n, m = found.whole.count, real.whole.count
    return Figure.of(found.distance, found.frechet(real), n, m, found.backend, seeds)
