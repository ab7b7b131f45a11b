"""What assessments of several arms share: the arm that others are compared with, and progress."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["PLAIN", "shifted"]

PLAIN = "plain"
"""The arm of plain guidance, from which the differences of all other arms are reported."""


def shifted(on_done: Callable[[int, int], None], before: int, total: int) -> Callable[[int], None]:
    """Progress of one arm as progress of all: a function of the pictures made in this arm."""
    return lambda made: on_done(before + made, total)
