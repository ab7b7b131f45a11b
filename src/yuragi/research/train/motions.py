r"""Portraits with a moved part: drags whose true result is known.

A case is a function of (split, index). A portrait is drawn twice: unchanged, and with one part
moved by a known map, which uncovers what the drawing has behind the part. The kinds of `MOTIONS`
and the lengths alternate, so that ``len(MOTIONS) * 3`` cases in a row have each combination once.

The map acts on pixels, x' = A x + b. A drawing consists of groups under one placement G, so a
group moves by G^-1 (A, b) G in its own coordinates.

Points are chosen where the moved content is visible before and after; their targets are exact.
Every other round of cases has a mask: the pixels that show the part before or after, plus a margin.
"""

from __future__ import annotations

import io
import math
import xml.etree.ElementTree as ET
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from PIL import Image, ImageFilter

from yuragi.errors import InputError
from yuragi.research.train.portraits import SIZE, Portrait, Split, caption, portrait, svg

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Affine = NDArray[np.float64]
    Area = NDArray[np.bool_]

__all__ = ["LENGTHS", "MOTIONS", "Motion", "motion"]

LENGTHS = ("short", "middle", "long")
_SVG = "http://www.w3.org/2000/svg"
_FACE = ("mouth", "eyes", "eyebrows", "beard")
_HEAD = ("head", "hair", "rearHair", *_FACE)
_FIGURE = ("body", "clothes", *_HEAD)
DIFFERS = 8
"""A pixel shows a part if the picture without it differs there by more than this many levels."""
MARGIN = 10
"""The margin of the mask around the part, in pixels."""


@dataclass(frozen=True)
class _Kind:
    """The parts that move, possible numbers of points, and the map for (length, centre, rng)."""

    parts: Collection[str]
    points: tuple[int, ...]
    lengths: tuple[float, float, float]
    make: Callable[[float, NDArray[np.float64], np.random.Generator], Affine]


def _shift(length: float, centre: NDArray[np.float64], rng: np.random.Generator) -> Affine:
    """A shift by a share of the picture's side, in any direction."""
    angle = rng.uniform(0, 2 * math.pi)
    way = length * SIZE * np.array([math.cos(angle), math.sin(angle)])
    return np.column_stack([np.eye(2), way])


def _lift(length: float, centre: NDArray[np.float64], rng: np.random.Generator) -> Affine:
    """A shift upwards, at up to 45 degrees to either side."""
    angle = -math.pi / 2 + rng.uniform(-math.pi / 4, math.pi / 4)
    way = length * SIZE * np.array([math.cos(angle), math.sin(angle)])
    return np.column_stack([np.eye(2), way])


def _turn(degrees: float, centre: NDArray[np.float64], rng: np.random.Generator) -> Affine:
    """A rotation about the centre, in either direction."""
    angle = math.radians(degrees) * rng.choice([-1, 1])
    turned = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    return np.column_stack([turned, centre - turned @ centre])


def _grow(factor: float, centre: NDArray[np.float64], rng: np.random.Generator) -> Affine:
    """A scaling about the centre, larger or smaller."""
    scaled = float(factor ** rng.choice([-1, 1])) * np.eye(2)
    return np.column_stack([scaled, centre - scaled @ centre])


MOTIONS: Mapping[str, _Kind] = {
    "shift": _Kind(_FIGURE, (1, 2, 3), (0.06, 0.12, 0.18), _shift),
    "turn": _Kind(_FIGURE, (2, 3), (8, 16, 24), _turn),
    "grow": _Kind(_FIGURE, (2, 3), (1.1, 1.2, 1.3), _grow),
    "head": _Kind(_HEAD, (1, 2, 3), (0.04, 0.07, 0.1), _shift),
    "hair": _Kind(("hair",), (1, 2), (0.04, 0.07, 0.1), _lift),
    "mouth": _Kind(("mouth",), (1,), (0.03, 0.06, 0.09), _shift),
    "eyes": _Kind(("eyes",), (1, 2), (0.03, 0.06, 0.09), _shift),
    "eyebrows": _Kind(("eyebrows",), (1, 2), (0.03, 0.06, 0.09), _lift),
}
"""What moves and how far: shares of the picture's side, degrees, or a factor."""


@dataclass(frozen=True)
class Motion:
    """A drag and its true result; pictures are uint8 RGB (SIZE, SIZE, 3).

    Attributes:
        kind: a key of `MOTIONS`.
        length: one of `LENGTHS`.
        portrait: the portrait, whose labels the motion does not change.
        prompt: a caption of both pictures.
        before: the picture before the drag.
        after: the picture as it should be after the drag.
        points: source and target (x, y) in pixels.
        source: (SIZE, SIZE) True where the moved content is visible before the drag.
        target: (SIZE, SIZE) True where it is visible after the drag.
        mask: (SIZE, SIZE) True where the picture may change; None in half of the cases.
    """

    kind: str
    length: str
    portrait: Portrait
    prompt: str
    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    points: tuple[tuple[tuple[float, float], tuple[float, float]], ...]
    source: Area
    target: Area
    mask: Area | None


def motion(split: Split, index: int, ground: NDArray[np.uint8] | None = None) -> Motion:
    """The case with number `index` of a split.

    Args:
        split: the split of the portraits.
        index: 0 or more; kinds and lengths alternate.
        ground: the background behind the person, (SIZE, SIZE, 3); None for the portrait's own.

    Raises:
        InputError: the split is unknown, the index is negative, or the part of this portrait cannot
            move and still be seen.
    """
    chosen = portrait(split, index)
    rounds, turn = divmod(index, len(MOTIONS) * len(LENGTHS))
    kind = list(MOTIONS)[turn % len(MOTIONS)]
    step = turn // len(MOTIONS)
    how = MOTIONS[kind]
    rng = np.random.default_rng([get_args(Split).index(split), index, 5])
    draw = partial(_drawn, chosen, ground)
    before = draw()
    source = _shows(before, draw(without=how.parts))
    rows, columns = np.nonzero(source)
    centre = np.array([columns.mean(), rows.mean()]) + 0.5
    for _ in range(TRIES):
        move = how.make(how.lengths[step], centre, rng)
        after = draw(how.parts, move)
        target = _shows(after, draw(without=how.parts))
        points = _points(int(rng.choice(how.points)), move, source, target, rng)
        if points:
            break
    else:
        raise InputError("index", index, "a portrait whose part can move and still be seen")
    prompt = caption(chosen.labels, np.random.default_rng([index, 17]), empty=0.0, named=1.0)
    mask = _grown(source | target, MARGIN) if rounds % 2 else None
    return Motion(kind, LENGTHS[step], chosen, prompt, before, after, points, source, target, mask)


TRIES = 50
"""The number of maps to try before giving up on a portrait."""


def _drawn(
    portrait: Portrait,
    ground: NDArray[np.uint8] | None,
    parts: Collection[str] = (),
    move: Affine | None = None,
    without: Collection[str] = (),
) -> NDArray[np.uint8]:
    """The picture on a background, with some parts moved and others left out."""
    import resvg_py

    ET.register_namespace("", _SVG)
    if ground is not None:
        colourless = {"backgroundColor": ["00000000"]}
        portrait = replace(portrait, options=portrait.options | colourless)
    root = ET.fromstring(svg(portrait))
    for holder in list(root.iter()):
        for use in holder.findall(f"{{{_SVG}}}use"):
            part = use.get("href", "#").removeprefix("#").split("-")[0]
            if part in without:
                holder.remove(use)
            elif move is not None and part in parts:
                local = _local(portrait.options, move)
                matrix = " ".join(f"{value:.9g}" for value in local.T.flatten())
                use.set("transform", f"matrix({matrix}) {use.get('transform', '')}")
    text = ET.tostring(root, encoding="unicode")
    png = bytes(resvg_py.svg_to_bytes(svg_string=text, width=SIZE, height=SIZE))
    drawn = Image.open(io.BytesIO(png)).convert("RGBA")
    if ground is not None:
        drawn = Image.alpha_composite(Image.fromarray(ground).convert("RGBA"), drawn)
    return np.asarray(drawn.convert("RGB"))


CANVAS = 768
"""The side of the drawing in its own coordinates."""


def _local(options: Mapping[str, Any], move: Affine) -> Affine:
    """A map of pixels, converted to the coordinates under the drawing's placement."""
    unit = CANVAS / SIZE
    pixels = np.vstack([np.column_stack([move[:, :2], unit * move[:, 2]]), [0, 0, 1]])
    angle, scale, half = math.radians(options["rotate"]), options["scale"], CANVAS / 2
    turned = scale * np.array(
        [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
    )
    shift = np.array([options["translateX"], options["translateY"]]) / 100 * CANVAS
    middle = np.full(2, half)
    placed = np.eye(3)
    placed[:2, :2] = turned
    placed[:2, 2] = middle + shift - turned @ middle
    found: Affine = (np.linalg.inv(placed) @ pixels @ placed)[:2]
    return found


def _shows(picture: NDArray[np.uint8], without: NDArray[np.uint8]) -> Area:
    """Where a part is visible: where leaving it out changes the picture."""
    return np.asarray((np.abs(picture.astype(int) - without) > DIFFERS).any(2))


def _points(
    count: int, move: Affine, source: Area, target: Area, rng: np.random.Generator
) -> tuple[tuple[tuple[float, float], tuple[float, float]], ...]:
    """Sources far apart in the part, whose targets show the part in the picture; () for none."""
    inner = _shrunk(source)
    rows, columns = np.nonzero(inner if inner.sum() >= 4 * count else source)
    at = np.column_stack([columns, rows]).astype(float)
    # The map's coordinates start at a pixel's corner, half a pixel from its centre.
    to = (at + 0.5) @ move[:, :2].T + move[:, 2] - 0.5
    cell = np.round(to).astype(int)
    inside = np.asarray(((to >= 0) & (to <= SIZE - 1)).all(1))
    inside[inside] = target[cell[inside, 1], cell[inside, 0]]
    far_enough = np.linalg.norm(to - at, axis=1) >= SHORTEST
    at, to = at[inside & far_enough], to[inside & far_enough]
    if len(at) < count:
        return ()
    chosen = [int(rng.integers(len(at)))]
    while len(chosen) < count:
        distance = np.linalg.norm(at[:, None] - at[chosen], axis=2).min(1)
        chosen.append(int(distance.argmax()))
    return tuple(
        ((float(at[k, 0]), float(at[k, 1])), (round(float(to[k, 0]), 2), round(float(to[k, 1]), 2)))
        for k in chosen
    )


SHORTEST = 4.0
"""The minimum distance that a point moves, in pixels."""


def _grown(area: Area, margin: int) -> Area:
    return _filtered(area, ImageFilter.MaxFilter(2 * margin + 1))


def _shrunk(area: Area) -> Area:
    return _filtered(area, ImageFilter.MinFilter(9))


def _filtered(area: Area, rule: ImageFilter.RankFilter) -> Area:
    return np.asarray(Image.fromarray(area.astype(np.uint8)).filter(rule)) > 0
