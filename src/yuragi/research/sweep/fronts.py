r"""Fronts: settings that no other setting beats on all axes, and the area that they dominate.

The area (hypervolume) of a front is the volume of what it dominates, up to a corner that is worse
than all settings. It is one number for a whole curve, is larger for better curves, and never falls
when a setting is added. It is computed in any dimension by slicing along the last axis.

References: Zitzler & Thiele 1998 (PPSN V), section 3.3 (size of the space covered); Fonseca et al.
2006 (CEC), slicing.
"""

from __future__ import annotations

from collections.abc import Sequence

from yuragi.errors import InputError

__all__ = ["front", "volume"]

Values = Sequence[float]
"""The values to minimise, axis by axis; negate values that should be large."""


def front(values: Sequence[Values]) -> list[int]:
    """The indices of rows that no other row beats by being nowhere larger and somewhere smaller."""

    def beats(a: Values, b: Values) -> bool:
        pairs = list(zip(a, b, strict=True))
        return all(x <= y for x, y in pairs) and any(x < y for x, y in pairs)

    return [k for k, row in enumerate(values) if not any(beats(other, row) for other in values)]


def volume(values: Sequence[Values], corner: Values) -> float:
    """The volume that the rows dominate, up to a corner; rows beyond the corner add nothing.

    Raises:
        InputError: the rows and the corner have different lengths.
    """
    if any(len(row) != len(corner) for row in values):
        raise InputError("corner", len(corner), "as many numbers as the rows have")
    inner = [row for row in values if all(x < y for x, y in zip(row, corner, strict=True))]
    if len(corner) == 1:
        return max((corner[0] - row[0] for row in inner), default=0.0)
    ordered = sorted(inner, key=lambda row: row[-1])
    total = 0.0
    for k, row in enumerate(ordered):
        above = ordered[k + 1][-1] if k + 1 < len(ordered) else corner[-1]
        if above > row[-1]:
            slab = [other[:-1] for other in ordered[: k + 1]]
            total += volume(slab, corner[:-1]) * (above - row[-1])
    return total
