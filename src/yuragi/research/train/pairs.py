"""Pairs of portraits that differ in one label, and holes: edits whose true result is known.

A pair is a function of (split, index, kind): a portrait, and the same portrait drawn again with one
label changed, but in the same position, tilt and size and with the same other labels. A hole is a
function of (split, index).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from yuragi.errors import InputError
from yuragi.research.train.portraits import (
    BACKGROUNDS,
    BEARD,
    CLOTHES_COLOURS,
    HAIR_COLOURS,
    MOUTH,
    SIZE,
    SKIN,
    STYLE,
    Portrait,
    Split,
    caption,
    portrait,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["HOLES", "KINDS", "Pair", "hole", "pair"]

KINDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "hair_colour": ("hairColor", HAIR_COLOURS),
    "clothes_colour": ("clothesColor", CLOTHES_COLOURS),
    "skin": ("skinColor", SKIN),
    "background": ("backgroundColor", BACKGROUNDS),
    "mouth": ("mouthVariant", MOUTH),
    "beard": ("beardVariant", BEARD),
    "hair_style": ("hairVariant", STYLE),
}
"""Label that changes -> DiceBear option, and its values with their labels."""

HOLES = ("box", "ellipse", "stroke", "half")


@dataclass(frozen=True)
class Pair:
    """Two portraits that differ in one label.

    Attributes:
        kind: the label.
        before: the portrait before the edit.
        after: the portrait as it should be after the edit.
    """

    kind: str
    before: Portrait
    after: Portrait

    def captions(self, seed: int) -> tuple[str, str]:
        """Captions that name every label of each, in the same order, which depends on the seed."""
        first, second = (
            caption(one.labels, np.random.default_rng([seed, 17]), empty=0.0, named=1.0)
            for one in (self.before, self.after)
        )
        return first, second


def pair(split: Split, index: int, kind: str) -> Pair:
    """The pair with number `index` of a split and a kind of change.

    Raises:
        InputError: unknown split or kind, or a negative index.
    """
    if kind not in KINDS:
        raise InputError("kind", kind, "one of " + ", ".join(KINDS))
    before = portrait(split, index)
    option, values = KINDS[kind]
    rng = np.random.default_rng([get_args(Split).index(split), index, list(KINDS).index(kind)])
    others = [key for key, label in values.items() if label != before.labels[kind]]
    chosen = str(rng.choice(others))
    changed: dict[str, Any] = {option: [chosen] if option.endswith("Color") else chosen}
    if kind == "beard":
        changed["beardProbability"] = 0 if chosen == "none" else 100
        if chosen == "none":
            changed.pop(option)
    options = {k: v for k, v in before.options.items() if k != option} | changed
    labels = before.labels | {kind: values[chosen]}
    return Pair(kind, before, replace(before, labels=labels, options=options))


def hole(split: Split, index: int) -> tuple[str, NDArray[np.bool_]]:
    """A hole: its kind, and an array (SIZE, SIZE) that is True where the picture is missing.

    It covers between a tenth and a half of the picture. The kinds of `HOLES` alternate.
    """
    rng = np.random.default_rng([get_args(Split).index(split), index, 99])
    kind = HOLES[index % len(HOLES)]
    rows, columns = np.mgrid[:SIZE, :SIZE]
    makers = {"box": _box, "ellipse": _ellipse, "stroke": _stroke, "half": _half}
    return kind, makers[kind](rng, rows, columns)


def _box(
    rng: np.random.Generator, rows: NDArray[np.int_], columns: NDArray[np.int_]
) -> NDArray[np.bool_]:
    height, width = rng.integers(SIZE * 3 // 8, SIZE * 5 // 8, 2)
    top, left = rng.integers(0, SIZE - height), rng.integers(0, SIZE - width)
    inside = (rows >= top) & (rows < top + height) & (columns >= left) & (columns < left + width)
    return np.asarray(inside)


def _ellipse(
    rng: np.random.Generator, rows: NDArray[np.int_], columns: NDArray[np.int_]
) -> NDArray[np.bool_]:
    height, width = rng.uniform(SIZE / 5, SIZE / 3, 2)
    y, x = rng.uniform(SIZE * 0.35, SIZE * 0.65, 2)
    return np.asarray(((rows - y) / height) ** 2 + ((columns - x) / width) ** 2 <= 1)


def _stroke(
    rng: np.random.Generator, rows: NDArray[np.int_], columns: NDArray[np.int_]
) -> NDArray[np.bool_]:
    """A thick line of three segments."""
    points = rng.uniform(SIZE * 0.1, SIZE * 0.9, (4, 2))
    inside = np.zeros((SIZE, SIZE), bool)
    for (y0, x0), (y1, x1) in pairwise(points):
        for part in np.linspace(0, 1, 2 * SIZE):
            y, x = y0 + part * (y1 - y0), x0 + part * (x1 - x0)
            inside |= (rows - y) ** 2 + (columns - x) ** 2 <= (SIZE / 14) ** 2
    return inside


def _half(
    rng: np.random.Generator, rows: NDArray[np.int_], columns: NDArray[np.int_]
) -> NDArray[np.bool_]:
    side = int(rng.integers(4))
    return np.asarray(
        [rows < SIZE / 2, rows >= SIZE / 2, columns < SIZE / 2, columns >= SIZE / 2][side]
    )
