"""Backgrounds with structure: patterns, and crops of photographs.

A background is a function of (kind, split, index, size). Photographs come with scikit-image,
scikit-learn and Debian's `mate-backgrounds`, and are read when a benchmark runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from yuragi.errors import YuragiError
from yuragi.research.bench.photos import originals

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

__all__ = ["KINDS", "PHOTOGRAPH", "SPLITS", "ground", "package_folder"]

SPLITS = ("validation", "benchmark")
"""Cases for choosing settings, and cases for reporting."""
PHOTOGRAPH, PATTERN = "photograph", "pattern"
BACKGROUNDS = Path("/usr/share/backgrounds/mate/nature")
CROP = (0.4, 1.0)
"""The side of a crop, as a share of the photograph's shorter side."""
PERIOD = (0.05, 0.15)
"""The period of a pattern, as a share of the picture's side."""
FINE = 4
"""The factor by which patterns are drawn larger before they are averaged."""


def ground(kind: str, split: str, index: int, size: int) -> Pixels:
    """A background, [size, size, 3]; the same on every machine.

    Args:
        kind: one of `KINDS`.
        split: one of `SPLITS`.
        index: 0 or more.
        size: the side in pixels.

    Raises:
        YuragiError: photographs are needed, but their package is not installed.
    """
    rng = np.random.default_rng([SPLITS.index(split), index, 11])
    return KINDS[kind](rng, index, size)


def package_folder(folder: Path, package: str) -> Path:
    """A folder that a Debian package installs.

    Raises:
        YuragiError: the package is not installed.
    """
    if not folder.is_dir():
        raise YuragiError(f"{folder} is missing; install it with: apt-get install {package}")
    return folder


@cache
def _photographs() -> Sequence[Image.Image]:
    nature = package_folder(BACKGROUNDS, "mate-backgrounds").glob("*.jpg")
    files = [Image.open(path).convert("RGB") for path in sorted(nature)]
    return [*originals().values(), *files]


def _crop(rng: np.random.Generator, index: int, size: int) -> Pixels:
    photographs = _photographs()
    picture = photographs[index % len(photographs)]
    side = rng.uniform(*CROP) * min(picture.size)
    left, top = rng.uniform(0, picture.width - side), rng.uniform(0, picture.height - side)
    box = (left, top, left + side, top + side)
    return np.asarray(picture.resize((size, size), Image.Resampling.LANCZOS, box))


def _stripes(x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(x % 1 < 0.5)


def _checks(x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    return np.asarray((x % 1 < 0.5) ^ (y % 1 < 0.5))


def _dots(x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    return np.asarray((x % 1 - 0.5) ** 2 + (y % 1 - 0.5) ** 2 < 0.3**2)


def _grid(x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    return np.asarray((x % 1 < 0.15) | (y % 1 < 0.15))


def _pattern(rng: np.random.Generator, index: int, size: int) -> Pixels:
    """Two colours in stripes, checks, dots or a grid, rotated by a random angle."""
    shape = (_stripes, _checks, _dots, _grid)[index % 4]
    period, angle = rng.uniform(*PERIOD), rng.uniform(0, np.pi)
    y, x = (np.mgrid[: FINE * size, : FINE * size] + 0.5) / (FINE * size * period)
    inside = shape(
        x * np.cos(angle) - y * np.sin(angle) + rng.uniform(),
        x * np.sin(angle) + y * np.cos(angle) + rng.uniform(),
    )
    share = inside.reshape(size, FINE, size, FINE).mean((1, 3))[..., None]
    one, other = rng.integers(0, 256, (2, 3))
    return np.asarray(np.round(share * one + (1 - share) * other), np.uint8)


KINDS: Mapping[str, Callable[[np.random.Generator, int, int], Pixels]] = {
    PATTERN: _pattern,
    PHOTOGRAPH: _crop,
}
"""By name: (rng, index, size) -> background."""
