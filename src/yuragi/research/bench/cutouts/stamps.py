"""Cut-outs with alpha masks: the stamps of Tux Paint.

Debian's `tuxpaint-stamps-default` (GPL-2) is read when the benchmark runs, and no part of it ships
with Yuragi. Letters, digits and other symbols are left out, and so are stamps that are too small to
be enlarged.
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
"""The minimum length of a stamp's longer side, in pixels."""
FILLED = 0.25
"""The minimum share of its box that a stamp covers, which excludes outline drawings."""
COLOURS = 0.3
"""The number of colours as a share of pixels; photographs have more, drawings fewer."""


def stamp(split: str, index: int) -> Image.Image:
    """A cut-out, RGBA. Photographs (even indices) and drawings (odd indices) alternate.

    Args:
        split: one of `yuragi.research.bench.grounds.SPLITS`, which share no stamps.
        index: 0 or more.

    Raises:
        YuragiError: the package is not installed.
    """
    found = _stamps()[index % 2]
    chosen = np.random.default_rng(7).permutation(len(found))[SPLITS.index(split) :: 2]
    return Image.open(found[chosen[index // 2 % len(chosen)]]).convert("RGBA")


@cache
def _stamps() -> tuple[Sequence[Path], Sequence[Path]]:
    """The stamps that are photographs, and those that are drawings."""
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
