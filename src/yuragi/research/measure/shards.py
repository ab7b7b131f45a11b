"""Statistics of many pictures, computed by several workers and merged afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path

from yuragi.errors import InputError
from yuragi.research.measure.folder import Pictures
from yuragi.research.metrics.backends import Backend
from yuragi.research.metrics.figure import Figure
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
    parts, backend = [], None
    for done, source in enumerate(sources, 1):
        if source.is_file():
            parts.append(Statistics.read(source))
        else:
            backend = backend or open_backend()
            parts.append(of_folder(Pictures(source), backend))
        on_source(done, len(sources))
    return reduce(Statistics.__add__, parts)


def of_folder(pictures: Pictures, backend: Backend) -> Statistics:
    """The statistics of a folder, computed batch by batch without keeping features."""
    held, start = None, 0
    for batch in pictures.batches():
        features = backend.encode(batch).features
        held = held or Statistics.empty(backend.name, backend.distance, features.shape[1])
        held = held.add(features, range(start, start + len(batch)))
        start += len(batch)
    if held is None:
        raise InputError("pictures", str(pictures.folder), "a folder with pictures")
    return held


def distance_figure(found: Statistics, real: Statistics, seeds: str) -> Figure:
    """The Frechet distance between statistics as a figure.

    Raises:
        InputError: the backends differ, or there are too few pictures.
    """
    n, m = found.whole.count, real.whole.count
    return Figure.of(found.distance, found.frechet(real), n, m, found.backend, seeds)
