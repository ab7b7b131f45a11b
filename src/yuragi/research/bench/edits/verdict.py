"""The verdict over all cells of the suite of edits: how often each sampler is better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

__all__ = ["RISING", "verdict"]

RISING = {
    "psnr": True,
    "psnr_in": True,
    "ssim": True,
    "lpips": False,
    "success": True,
    "identity": True,
}
"""Metrics that are counted -> whether higher is better."""


def verdict(contrasts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Count (task, steps) cells by metric; a difference counts if its interval excludes zero.

    Args:
        contrasts: the rows of one cell after another, as in the report.

    Returns:
        ``{"cells", "sde - ode": {"better", "worse"}, "adaptive": {"below the better",
        "above both"}}`` by metric, over the cells that have the metric.
    """
    cells = [list(rows) for _, rows in groupby(contrasts, lambda row: (row["task"], row["steps"]))]
    found = {}
    for name in RISING:
        signs = [
            {f"{row['of']} - {row['to']}": _sign(row[name], RISING[name]) for row in rows}
            for rows in cells
            if all(name in row for row in rows)
        ]
        fresh = [each["sde - ode"] for each in signs]
        adaptive = [(each["adaptive - ode"], each["adaptive - sde"]) for each in signs]
        found[name] = {
            "cells": len(signs),
            "sde - ode": {"better": fresh.count(1), "worse": fresh.count(-1)},
            "adaptive": {
                "below the better": sum(min(each) < 0 for each in adaptive),
                "above both": sum(min(each) > 0 for each in adaptive),
            },
        }
    return found


def _sign(interval: Mapping[str, float], rising: bool) -> int:
    """1 for clearly better, -1 for clearly worse, 0 for neither."""
    sign = int(interval["low"] > 0) - int(interval["high"] < 0)
    return sign if rising else -sign
