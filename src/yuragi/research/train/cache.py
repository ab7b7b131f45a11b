"""Drawn portraits on disk, outside the repository: drawing takes 12 ms, reading almost nothing.

A split is two files in the cache folder: ``<split>-<size>px-<count>.npy`` (memory-mapped uint8 of
shape [count, size, size, 3]) and ``<split>-<size>px-<count>.json`` (the labels).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from yuragi.research.train.portraits import SIZE, Labels, Split, draw, portrait

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["cached"]

CHUNK = 250


def _draw_range(
    split: Split, size: int, start: int, stop: int
) -> tuple[NDArray[np.uint8], list[Labels]]:
    portraits = [portrait(split, i) for i in range(start, stop)]
    return np.stack([draw(p, size) for p in portraits]), [p.labels for p in portraits]


def cached(
    split: Split,
    count: int,
    folder: Path,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    size: int = SIZE,
) -> tuple[NDArray[np.uint8], Sequence[Labels]]:
    """The first `count` portraits of a split: pictures (memory-mapped) and labels.

    On first use, they are drawn on all processor cores, and (done, total) is reported meanwhile.
    An incomplete cache is drawn again; a complete one is never written to.
    """
    name = f"{split}-{size}px-{count}"
    images, labels = folder / f"{name}.npy", folder / f"{name}.json"
    if not labels.exists():
        folder.mkdir(parents=True, exist_ok=True)
        drawn = np.lib.format.open_memmap(
            images, mode="w+", dtype=np.uint8, shape=(count, size, size, 3)
        )
        starts = range(0, count, CHUNK)
        stops = [min(start + CHUNK, count) for start in starts]
        every: list[Labels] = []
        with ProcessPoolExecutor() as pool:
            parts = pool.map(_draw_range, [split] * len(stops), [size] * len(stops), starts, stops)
            for start, stop, (pictures, part) in zip(starts, stops, parts, strict=True):
                drawn[start:stop] = pictures
                every += part
                on_progress(stop, count)
        drawn.flush()
        # The labels are written last: their presence shows that the pictures are complete.
        partial = labels.with_suffix(".partial")
        partial.write_text(json.dumps(every), encoding="utf-8")
        partial.replace(labels)
    # Copy on write: nothing reaches the disk, but the array is writable, as PyTorch requires.
    return np.load(images, mmap_mode="c"), json.loads(labels.read_text("utf-8"))
