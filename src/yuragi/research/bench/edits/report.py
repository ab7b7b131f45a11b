"""The tables in Markdown and the contact sheet of `yuragi.research.bench.edits.suite`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PIL import Image, ImageDraw
from torch import Tensor

from yuragi.images.tensors import from_tensor
from yuragi.research.bench.edits.verdict import RISING
from yuragi.research.bench.report import elsewhere
from yuragi.research.bench.tables import interval, number, table

__all__ = ["contact_sheet", "counted", "markdown"]

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
    """Scores of every cell, paired differences (bold if clear of zero), and their counts."""
    head = (
        f"{report['n']} pairs a task, seed {report['seeds'][0]}, weights {report['weights']}, "
        f"commit {report['commit']}. Intervals are 95 %, paired.{elsewhere(report)}"
    )
    rows = [
        [cell["task"], cell["steps"], cell["sampler"]]
        + [f"{cell['strength']:g}", f"{cell['scale']:g}"]
        + [number(cell.get(name)) for name in SHOWN]
        for cell in report["cells"]
    ]
    bounds = [
        [task, "", name, "", ""] + [number(values.get(key)) for key in SHOWN]
        for task, both in report["bounds"].items()
        for name, values in both.items()
    ]
    contrasts = [
        [row["task"], row["steps"], f"{row['of']} - {row['to']}"]
        + [interval(row.get(name)) for name in RISING]
        for row in report["contrasts"]
    ]
    return "\n\n".join(
        [
            head,
            table(["task", "steps", "sampler", "strength", "scale", *SHOWN], rows + bounds),
            table(["task", "steps", "difference", *RISING], contrasts),
            "Cells with a difference clear of zero:",
            counted(report),
        ]
    )


def counted(report: Mapping[str, Any]) -> str:
    """The table of `yuragi.research.bench.edits.verdict`: how often each sampler is better."""
    rows = [
        [name, found["cells"], *found["sde - ode"].values(), *found["adaptive"].values()]
        for name, found in report["verdict"].items()
    ]
    heads = ["metric", "cells", "SDE better than ODE", "SDE worse"]
    return table([*heads, "adaptive below the better", "adaptive above both"], rows)


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
