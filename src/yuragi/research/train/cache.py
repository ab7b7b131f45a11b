"""Drawn portraits on disk, outside the repository: drawing takes 12 ms, reading almost nothing.

A split is two files in the cache folder, ``<name>.npy`` (memory-mapped uint8 of shape [count, size,
size, 3]) and ``<name>.json`` (the labels). The name (`name_of`) consists of the split, the size,
the count and a digest of what draws.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from yuragi.research.files import whole
from yuragi.research.train.portraits import SIZE, Labels, Split, draw, drawn_by, portrait

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["cached", "name_of"]

CHUNK = 250


def _draw_range(
    split: Split, size: int, start: int, stop: int
) -> tuple[NDArray[np.uint8], list[Labels]]:
    portraits = [portrait(split, i) for i in range(start, stop)]
    return np.stack([draw(p, size) for p in portraits]), [p.labels for p in portraits]


def name_of(split: Split, count: int, size: int) -> str:
    """The name of the first `count` portraits of a split in the cache; it tells drawings apart.

    Raises:
        MissingExtraError: the extra ``train`` is not installed.
    """
    return f"{split}-{size}px-{count}-{drawn_by()}"


def cached(
    split: Split,
    count: int,
    folder: Path,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    size: int = SIZE,
) -> tuple[NDArray[np.uint8], Sequence[Labels]]:
    """The first `count` portraits of a split: pictures (memory-mapped) and labels.

    On first use, they are drawn on all processor cores, and (done, total) is reported meanwhile.
    Several processes can do this at once. An incomplete cache is drawn again; a complete one is
    never written to.

    Raises:
        MissingExtraError: the extra ``train`` is not installed.
    """
    name = name_of(split, count, size)
    images, labels = folder / f"{name}.npy", folder / f"{name}.json"
    if not (images.exists() and labels.exists()):
        with whole(images) as partial:
            every = _draw(partial, split, count, size, on_progress)
        with whole(labels) as partial:
            partial.write_text(json.dumps(every), encoding="utf-8")
    # Copy on write: nothing reaches the disk, but the array is writable, as PyTorch requires.
    return np.load(images, mmap_mode="c"), json.loads(labels.read_text("utf-8"))


def _draw(
    path: Path, split: Split, count: int, size: int, on_progress: Callable[[int, int], None]
) -> list[Labels]:
    """Draw portraits into a file on all processor cores, and return their labels."""
    shape = (count, size, size, 3)
    drawn = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
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
    return every
