"""The tables and the contact sheet of `yuragi.bench.edits`, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image, ImageDraw
from torch import Tensor

from yuragi.bench.edit_verdict import RISING
from yuragi.recipe.pictures import from_tensor

__all__ = ["contact_sheet", "markdown"]

SHOWN = (
    "psnr",
    "psnr_in",
    "psnr_out",
    "ssim",
    "lpips",
    "background",
    "success",
    "identity",
    "evaluations",
)


def markdown(report: Mapping[str, Any]) -> str:
    """Scores of every cell, paired differences (bold where clear of zero), and their count."""
    head = (
        f"{report['n']} pairs a task, seed {report['seeds'][0]}, weights {report['weights']}, "
        f"commit {report['commit']}. Intervals are 95 %, paired."
    )
    rows = [
        [cell["task"], cell["steps"], cell["sampler"]]
        + [f"{cell['strength']:g}", f"{cell['scale']:g}"]
        + [_number(cell.get(name)) for name in SHOWN]
        for cell in report["cells"]
    ]
    bounds = [
        [task, "", name, "", ""] + [_number(values.get(key)) for key in SHOWN]
        for task, both in report["bounds"].items()
        for name, values in both.items()
    ]
    contrasts = [
        [row["task"], row["steps"], f"{row['of']} - {row['to']}"]
        + [_interval(row.get(name)) for name in RISING]
        for row in report["contrasts"]
    ]
    counted = [
        [name, found["cells"], *found["sde - ode"].values(), *found["adaptive"].values()]
        for name, found in report["verdict"].items()
    ]
    return "\n\n".join(
        [
            head,
            _table(["task", "steps", "sampler", "strength", "scale", *SHOWN], rows + bounds),
            _table(["task", "steps", "difference", *RISING], contrasts),
            "Cells with a difference clear of zero:",
            _table(
                [
                    "metric",
                    "cells",
                    "SDE better than ODE",
                    "SDE worse",
                    "adaptive below the better",
                    "adaptive above both",
                ],
                counted,
            ),
        ]
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"


def _interval(found: Mapping[str, float] | None) -> str:
    if found is None:
        return ""
    text = f"{found['value']:+.3f} [{found['low']:+.3f}, {found['high']:+.3f}]"
    return f"**{text}**" if found["low"] > 0 or found["high"] < 0 else text


def contact_sheet(shown: Mapping[str, Tensor]) -> Image.Image:
    """Rows of pictures [k, 3, h, w] with their names above."""
    rows = {name: from_tensor(images) for name, images in shown.items()}
    side = next(iter(rows.values()))[0].width
    columns, head = max(map(len, rows.values())), 14
    sheet = Image.new("RGB", (columns * side, len(rows) * (side + head)), "white")
    canvas = ImageDraw.Draw(sheet)
    for y, (name, pictures) in enumerate(rows.items()):
        canvas.text((4, y * (side + head)), name, fill="black")
        for x, picture in enumerate(pictures):
            sheet.paste(picture, (x * side, y * (side + head) + head))
    return sheet
