"""Points, polygons and margins, as numbers or as text from the command line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

from PIL import Image, ImageChops
from pydantic import BeforeValidator, Field

from yuragi.errors import InputError
from yuragi.images.shapes import polygon
from yuragi.options.values import Finite, Strict

__all__ = [
    "Corners",
    "CropMargin",
    "DragGeometry",
    "Expansion",
    "Margins",
    "Offset",
    "Pair",
    "Point",
    "Region",
    "shown",
]

NOTHING_MOVES = "nothing moves, because every target is at its source"

Point = tuple[Finite, Finite]
"""A point (x, y) in pixels, x to the right and y down; pixel centres are whole numbers."""


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(float(part) for part in text.split(","))


def shown(corners: Sequence[Point]) -> str:
    """Points as the command line writes them: ``10,10 40,10``."""
    return " ".join(f"{x:g},{y:g}" for x, y in corners)


def _pair(given: Any) -> Any:
    """Parse ``"70,52:70,40"``, or check the form of a pair: source and target."""
    text = isinstance(given, str)
    try:
        (sx, sy), (tx, ty) = map(_numbers, given.split(":")) if text else given
    except (TypeError, ValueError) as error:
        allowed = "pairs of source and target in pixels, such as [((70, 52), (70, 40))]"
        if text:
            allowed = "source and target in pixels as x,y:x,y, such as 70,52:70,40"
        raise InputError("points", given, allowed) from error
    return (sx, sy), (tx, ty)


def _corners(given: Any) -> Any:
    """Parse ``"10,10 40,10 40,40"``, or check the form of corners of a polygon."""
    text = isinstance(given, str)
    try:
        return tuple((x, y) for x, y in (map(_numbers, given.split()) if text else given))
    except (TypeError, ValueError) as error:
        allowed = "corners (x, y) in pixels, such as [(10, 10), (40, 10), (40, 40)]"
        if text:
            allowed = "corners in pixels as x,y x,y x,y, such as 10,10 40,10 40,40"
        raise InputError("select", given, allowed) from error


def _region(given: Any) -> Any:
    """Parse ``"9,9 40,9 40,40:19,9 50,9 50,40"``, or a pair: the corners and their targets."""
    if isinstance(given, Polygons):
        return given
    form = "three or more corners and where they go, in pixels, as x,y x,y x,y:x,y x,y x,y"
    sides = given.split(":") if isinstance(given, str) else given
    if isinstance(sides, dict):
        sides = tuple(sides.get(name, ()) for name in ("source", "target"))
    try:
        source, target = (_corners(side) for side in sides)
        return Polygons(source=source, target=target)
    except (TypeError, ValueError) as error:
        raise InputError("regions", given, form) from error


def _margins(given: Any) -> Any:
    """Parse ``"32,0,32,0"``: pixels at left, top, right and bottom."""
    allowed = "L,T,R,B: four whole numbers of pixels, 0 or more"
    try:
        four = [float(part) for part in (given.split(",") if isinstance(given, str) else given)]
    except (ValueError, TypeError, OverflowError) as error:
        raise InputError("expand", given, allowed) from error
    if len(four) != 4 or not all(part.is_integer() and part >= 0 for part in four):
        raise InputError("expand", given, allowed)
    return tuple(four)


def _crop_margin(given: Any) -> Any:
    """Parse ``"auto"``, ``"whole"``, ``"off"``, or pixels as a number or text, such as ``"64"``."""
    if given in ("auto", "whole", "off"):
        return given
    if not str(given).isdecimal() or int(given) < 1:
        allowed = "auto, whole, off, or a whole number of pixels around what may change, 1 or more"
        raise InputError("crop", given, allowed)
    return int(given)


def _offset(given: Any) -> Any:
    """Parse ``"12,-4"``, or check the form of an offset: pixels to the right and down."""
    text = isinstance(given, str)
    try:
        right, down = _numbers(given) if text else given
    except (TypeError, ValueError) as error:
        example = "12,-4" if text else "(12, -4)"
        allowed = f"two numbers of pixels, to the right and down, such as {example}"
        raise InputError("move", given, allowed) from error
    return right, down


Pair = Annotated[tuple[Point, Point], BeforeValidator(_pair)]
"""A source and its target."""

Corners = Annotated[tuple[Point, ...], BeforeValidator(_corners)]
"""The corners of a polygon."""

Offset = Annotated[Point, BeforeValidator(_offset)]
"""A motion to the right and down, in pixels."""

Margins = Annotated[
    tuple[
        Annotated[int, Field(ge=0, le=10_000)],
        Annotated[int, Field(ge=0, le=10_000)],
        Annotated[int, Field(ge=0, le=10_000)],
        Annotated[int, Field(ge=0, le=10_000)],
    ],
    BeforeValidator(_margins),
]
"""Pixels at left, top, right and bottom."""

CropMargin = Annotated[Literal["auto", "whole", "off"] | int, BeforeValidator(_crop_margin)]
"""The context in pixels around the area that can change: ``auto`` fits it to the area, ``whole``
takes the whole picture, and ``off`` turns cropping and scaling off."""


class Expansion(Strict):
    """Margins around a picture, at left, top, right and bottom."""

    expand: Margins = (0, 0, 0, 0)


class Polygons(Strict):
    """A polygon and its target. Its corners move like points, and its inside moves with them.

    Attributes:
        source: the corners, three or more.
        target: the targets of the corners.
    """

    source: Annotated[tuple[Point, ...], Field(min_length=3)]
    target: Annotated[tuple[Point, ...], Field(min_length=3)]


Region = Annotated[Polygons, BeforeValidator(_region)]


def check_points(pairs: Sequence[tuple[Point, Point]], width: int, height: int) -> None:
    """Check point pairs against a picture's size.

    Raises:
        InputError: there are no pairs, a point is outside the picture, every target equals its
            source, or two pairs have the same source or target.
    """
    if not pairs:
        allowed = "one or more pairs of source and target in pixels, unless there is a region"
        raise InputError("points", None, allowed)
    if all(source == target for source, target in pairs):
        (x, y), _ = pairs[0]
        advice = "a point that stays is of use only beside one that moves"
        raise InputError("points", f"{x:g},{y:g}", "", NOTHING_MOVES, advice)
    for source, target in pairs:
        for name, place in (("source ", source), ("target ", target)):
            _check_inside("points", place, width, height, name)
    for name, places in zip(("source", "target"), zip(*pairs, strict=True), strict=True):
        _check_apart(name, places)


def check_regions(regions: Sequence[Polygons], width: int, height: int) -> None:
    """Check polygons against a picture's size.

    Raises:
        InputError: the numbers of corners and targets differ, a corner or the whole target is
            outside the picture, a corner is given twice, the area is zero, or no corner moves.
    """
    for region in regions:
        source, target = region.source, region.target
        if len(source) != len(target):
            allowed = "three or more corners x,y and as many targets, in pixels"
            raise InputError("regions", f"{shown(source)}:{shown(target)}", allowed)
        for corner in source:
            _check_inside("regions", corner, width, height)
        _check_outline(source)
        if source == target:
            raise InputError("regions", shown(source), "", NOTHING_MOVES)
        if _beside(target, width, height):
            reason = "the target is completely outside the picture"
            allowed = f"at least partly within x 0 to {width - 1}, y 0 to {height - 1}"
            raise InputError("regions", f"target {shown(target)}", allowed, reason)


def check_sources(
    pairs: Sequence[tuple[Point, Point]], regions: Sequence[Polygons], width: int, height: int
) -> None:
    """Check what a drag takes hold of, whose targets are not known yet.

    Raises:
        InputError: a point or a corner is outside the picture, or two points have the same source.
    """
    for source, _ in pairs:
        _check_inside("points", source, width, height)
    for corner in (each for region in regions for each in region.source):
        _check_inside("regions", corner, width, height)
    _check_apart("source", [source for source, _ in pairs])


def _check_inside(argument: str, place: Point, width: int, height: int, name: str = "") -> None:
    x, y = place
    if not (0 <= x <= width - 1 and 0 <= y <= height - 1):
        allowed = f"inside the picture: x 0 to {width - 1}, y 0 to {height - 1}"
        raise InputError(argument, f"{name}{x:g},{y:g}", allowed)


def _check_outline(corners: Sequence[Point]) -> None:
    if len(set(corners)) < len(corners):
        reason, advice = "a corner is given twice", "give each corner once"
        raise InputError("regions", shown(corners), "", reason, advice)
    if _area(corners) < 1:
        reason = "the corners enclose no area: they are on a line, or the outline crosses itself"
        raise InputError("regions", shown(corners), "", reason, "give them in order around an area")


def _check_apart(name: str, places: Sequence[Point]) -> None:
    for place, count in Counter(places).most_common(1):
        if count > 1:
            raise InputError("points", shown([place]), "", f"two points have the same {name}")


def _beside(corners: Sequence[Point], width: int, height: int) -> bool:
    """Whether all corners are beyond the same side of the picture."""
    for along, length in zip(zip(*corners, strict=True), (width, height), strict=True):
        if max(along) < 0 or min(along) > length - 1:
            return True
    return False


def _area(corners: Sequence[tuple[float, float]]) -> float:
    """The area of a polygon in square pixels (shoelace formula)."""
    pairs = zip(corners, [*corners[1:], corners[0]], strict=True)
    return abs(sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs)) / 2


class DragGeometry(Strict):
    """The points and regions of a drag."""

    points: tuple[Pair, ...] = ()
    regions: tuple[Region, ...] = ()

    def check(self, width: int, height: int) -> None:
        """Check points and regions against a picture's size.

        Raises:
            InputError: any error of `check_points` and `check_regions`; different corners, or a
                corner and a point, have the same target.
        """
        check_regions(self.regions, width, height)
        if self.points or not self.regions:
            check_points(self.points, width, height)
        # Two regions may have a common corner.
        pairs = {*self.points}
        for region in self.regions:
            pairs |= {*zip(region.source, region.target, strict=True)}
        for (x, y), count in Counter(target for _, target in pairs).items():
            if count > 1:
                reason = "two corners, or a corner and a point, have the same target"
                raise InputError("regions", f"target {x:g},{y:g}", "", reason)

    def moved(self, placed: Callable[[Sequence[Point]], tuple[Point, ...]]) -> DragGeometry:
        """The points and regions moved by a function."""
        regions = [(placed(each.source), placed(each.target)) for each in self.regions]
        return DragGeometry.model_validate(
            {"points": [placed(pair) for pair in self.points], "regions": regions}
        )

    def check_arrival(self, mask: Image.Image) -> None:
        """Refuse targets where the mask is black, because nothing can change there.

        Raises:
            InputError: a target point, or a whole target region, is where nothing can change.
        """
        for _, (x, y) in self.points:
            inside = 0 <= x <= mask.width - 1 and 0 <= y <= mask.height - 1
            if inside and mask.getpixel((round(x), round(y))) == 0:
                reason = "the mask is black at the target, where nothing may change"
                raise InputError("points", f"target {x:g},{y:g}", "where the mask is white", reason)
        for region in self.regions:
            area = polygon(region.target, mask.size)
            if area.getbbox() and not ImageChops.darker(area, mask).getbbox():
                reason = "the mask is black all over the target, where nothing may change"
                allowed = "where some of the mask is white"
                raise InputError("regions", f"target {shown(region.target)}", allowed, reason)
