"""Two small charts, as values of SVG elements that the template of the report draws.

The template draws them, not a plotting library, so that their text is text of the page: screen
readers can read it, it uses the page's fonts, and it is the same in HTML and PDF.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from yuragi.research.pilot.sequence import Look

__all__ = ["intervals", "path"]

WIDTH, ROW, HEIGHT = 640.0, 44.0, 160.0


def intervals(looks: Sequence[tuple[str, Look]], effect: float) -> dict[str, Any]:
    """Rows, each with a mean and an interval, on an axis from 0 to 1."""
    rows = [
        {"name": name, "look": look, "y": ROW * k + 30}
        | {key: getattr(look, key) * WIDTH for key in ("low", "mean", "high")}
        for k, (name, look) in enumerate(looks)
    ]
    marks = {"half": WIDTH / 2, "hoped": (0.5 + effect) * WIDTH}
    return {"width": WIDTH, "height": ROW * len(rows) + 24, "rows": rows, **marks}


def path(looks: Sequence[Look], effect: float) -> dict[str, Any]:
    """A mean and its band over the number of votes."""
    last = max((look.n for look in looks), default=1)

    def points(name: str) -> list[str]:
        return [
            f"{look.n / last * WIDTH:.1f},{(1 - getattr(look, name)) * HEIGHT:.1f}"
            for look in looks
        ]

    return {
        "width": WIDTH,
        "height": HEIGHT,
        "band": " ".join([*points("low"), *reversed(points("high"))]),
        "line": " ".join(points("mean")),
        "half": HEIGHT / 2,
        "hoped": (0.5 - effect) * HEIGHT,
        "votes": last,
        "look": looks[-1] if looks else None,
    }
