"""Cut-outs with alpha masks: the stamps of Tux Paint.

Debian's `tuxpaint-stamps-default` (GPL-2) is read when the benchmark runs; nothing of it ships.
Letters, digits and other symbols are left out, and so are stamps too small to be enlarged.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from yuragi.research.bench.grounds import SPLITS, package_folder

__all__ = ["stamp"]

STAMPS = Path("/usr/share/tuxpaint/stamps")
LEAST = 90
"""Pixels of the longer side of a stamp, at least."""
FILLED = 0.25
"""Share of its box that a stamp covers, at least: no outlines."""
COLOURS = 0.3
"""Colours as a share of pixels; photographs have more, drawings fewer."""


def stamp(split: str, index: int) -> Image.Image:
    """A cut-out, RGBA. Photographs (even indices) and drawings (odd ones) take turns.

    Args:
        split: one of `yuragi.research.bench.grounds.SPLITS`; they share no stamp.
        index: 0 or more.

    Raises:
        YuragiError: the package is not installed.
    """
    found = _stamps()[index % 2]
    chosen = np.random.default_rng(7).permutation(len(found))[SPLITS.index(split) :: 2]
    return Image.open(found[chosen[index // 2 % len(chosen)]]).convert("RGBA")


@cache
def _stamps() -> tuple[Sequence[Path], Sequence[Path]]:
    """Photographs, and drawings."""
    photographs, drawings = list[Path](), list[Path]()
    for path in sorted(package_folder(STAMPS, "tuxpaint-stamps-default").rglob("*.png")):
        with Image.open(path) as picture:
            if "symbols" in path.parts or max(picture.size) < LEAST:
                continue
            pixels = np.asarray(picture.convert("RGBA"))
        opaque = pixels[..., 3] > 127
        if opaque.mean() < FILLED:
            continue
        colours = len(np.unique(pixels[opaque], axis=0)) / opaque.sum()
        (photographs if colours > COLOURS else drawings).append(path)
    return photographs, drawings
