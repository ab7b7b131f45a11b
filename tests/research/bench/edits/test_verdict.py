"""The verdict counts what is clear of zero, in the direction of each metric."""

from yuragi.research.bench.edits.verdict import RISING, verdict

CLEAR, FAINT, NEGATIVE = (1.0, 2.0), (-1.0, 2.0), (-2.0, -1.0)


def cell(task, steps, fresh, above_ode, above_sde, without=()):
    names = [name for name in RISING if name not in without]
    return [
        {"task": task, "steps": steps, "of": of, "to": to}
        | {name: {"value": 0.0, "low": low, "high": high} for name in names}
        for (of, to), (low, high) in zip(
            [("sde", "ode"), ("adaptive", "ode"), ("adaptive", "sde")],
            [fresh, above_ode, above_sde],
            strict=True,
        )
    ]


def test_counts():
    rows = [
        *cell("inpaint", 10, CLEAR, CLEAR, CLEAR, without=["success"]),
        *cell("inpaint", 25, FAINT, CLEAR, FAINT, without=["success"]),
        *cell("sdedit", 10, NEGATIVE, NEGATIVE, CLEAR),
    ]
    found = verdict(rows)
    assert found["psnr"] == {
        "cells": 3,
        "sde - ode": {"better": 1, "worse": 1},
        "adaptive": {"below the better": 1, "above both": 1},
    }
    assert found["success"]["cells"] == 1
    assert found["lpips"]["sde - ode"] == {"better": 1, "worse": 1}  # falling: the signs turn
    assert found["lpips"]["adaptive"] == {"below the better": 3, "above both": 0}


def test_ends_of_the_interval():
    rows = cell("inpaint", 10, (0.0, 1.0), (0.0, 0.0), (-1.0, 0.0))
    assert verdict(rows)["ssim"]["sde - ode"] == {"better": 0, "worse": 0}
