r"""Selections: move, rotate and resize the content of a polygon.

A selection is converted to a region of a drag. Each corner x moves relative to the mean c of the
corners, with the factor s, the rotation R and the offset d:

    x -> c + s R(angle) (x - c) + d
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from yuragi.errors import InputError
from yuragi.options.option import Option
from yuragi.options.values import Finite, Strict
from yuragi.tasks.geometry import Corners, DragGeometry, Offset, Point, shown

if TYPE_CHECKING:
    from yuragi.tasks.inputs import Pictures

__all__ = ["Selection"]


class Selection(Strict):
    """A polygon, and how to transform it.

    Raises:
        InputError: a transformation is given without a polygon, or a polygon without a
            transformation.
    """

    select: Annotated[
        Corners | None,
        Option(
            "Corners of the polygon to move, rotate or resize.",
            unit="pixels",
            metavar="'X,Y X,Y X,Y'",
        ),
    ] = None
    move: Annotated[
        Offset | None,
        Option(
            "Distance to move the selection, to the right and down.", unit="pixels", metavar="DX,DY"
        ),
    ] = None
    rotate: Annotated[
        Finite | None, Option("Angle to rotate the selection clockwise.", unit="degrees")
    ] = None
    enlarge: Annotated[
        Annotated[Finite, Field(gt=0, le=100)] | None,
        Option("Factor by which to enlarge the selection; values below 1 shrink it."),
    ] = None

    def regions(self) -> list[tuple[tuple[Point, ...], tuple[Point, ...]]]:
        """The region of the selection; none without a selection."""
        if self.select is None:
            for name in ("move", "rotate", "enlarge"):
                if getattr(self, name) is not None:
                    reason, advice = f"there is nothing to {name}", "give corners (select)"
                    raise InputError(name, getattr(self, name), "", reason, advice)
            return []
        if len(self.select) < 3:
            raise InputError("select", shown(self.select), "three or more corners x,y in pixels")
        dx, dy = self.move or (0.0, 0.0)
        turn, size = self.rotate or 0.0, 1.0 if self.enlarge is None else self.enlarge
        if (dx, dy) == (0, 0) and turn % 360 == 0 and size == 1:
            reason = "the selection stays as it is"
            advice = "give a distance (move), an angle (rotate) or a factor (enlarge)"
            raise InputError("select", shown(self.select), "", reason, advice)
        cx, cy = (sum(values) / len(self.select) for values in zip(*self.select, strict=True))
        cosine = size * math.cos(math.radians(turn))
        sine = size * math.sin(math.radians(turn))
        targets = tuple(
            (
                cx + cosine * (x - cx) - sine * (y - cy) + dx,
                cy + sine * (x - cx) + cosine * (y - cy) + dy,
            )
            for x, y in self.select
        )
        return [(self.select, targets)]

    def check(self, pictures: Pictures) -> None:
        """Refuse a selection, or a target, that does not fit the picture and its mask.

        Raises:
            InputError: any error of `DragGeometry`, about ``select``.
        """
        if self.select is None:
            return
        alone = DragGeometry.model_validate({"regions": self.regions()})
        try:
            alone.check(*pictures.size)
            placed = alone.moved(pictures.placed)
            placed.check(*pictures.picture.size)
            if pictures.mask is not None:
                placed.check_arrival(pictures.mask)
        except InputError as error:
            raise error.called("select") from error
