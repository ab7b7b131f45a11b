"""Statistics of many pictures, computed by several workers and merged afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path

import torch

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
        InputError: a source is neither a folder nor a file, or was made with another backend.
    """
    found = [
        Statistics.read(source, "sources") if source.is_file() else Pictures(source, "sources")
        for source in sources
    ]
    parts, backend = [], None
    for done, each in enumerate(found, 1):
        if isinstance(each, Pictures):
            backend = backend or open_backend()
            each = of_folder(each, backend)
        parts.append(each)
        on_source(done, len(sources))
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
