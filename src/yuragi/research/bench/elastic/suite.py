r"""The elastic suite: every flow gets the same points of the same maps, and bends photographs.

- `error`: mean distance in pixels between the places from which a flow and the truth take content;
- `moved`: the same where the truth moves by half a pixel or more;
- `arrival`: mean distance in pixels by which the flow misses the points;
- `psnr`: against the truth, in dB;
- `folds`: share of pixels at which the flow's Jacobian is 0 or less;
- `tears`: share of pixels next to which the flow jumps by two pixels more than the truth does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from yuragi.drag.flow import Flow, ends
from yuragi.images.tensors import to_tensor
from yuragi.research.bench.elastic.fields import FIELDS, on_grid, sampled
from yuragi.research.bench.elastic.maps import Case, case
from yuragi.research.bench.photos import photographs
from yuragi.research.bench.report import frame
from yuragi.research.bench.scores import contrast, summary
from yuragi.research.bench.tears import folds, tears
from yuragi.research.metrics.paired import region_psnr

__all__ = ["METRICS", "bench_elastic"]

METRICS = ("error", "moved", "arrival", "psnr", "folds", "tears")


def bench_elastic(
    n: int, side: int, split: str, on_done: Callable[[int, int], None]
) -> dict[str, Any]:
    """Measure every flow on `n` cases.

    Args:
        n: the number of cases; a multiple of 30 has all kinds, strengths and widths equally often.
        side: the side of the photographs in pixels.
        split: ``validation`` or ``benchmark``.
        on_done: called with (cases done, cases in total).

    Returns:
        a report: means by flow, paired differences between ours and each flow with 95 % intervals,
        and the mean errors by kind, by width and by number of points.
    """
    pictures = [to_tensor(each) for each in photographs(side).values()]
    cases = [case(split, index, side) for index in range(n)]
    values: dict[str, list[dict[str, float]]] = {name: [] for name in FIELDS}
    for index, one in enumerate(cases):
        picture = pictures[index % len(pictures)]
        for name, found in _measured(one, picture, side).items():
            values[name].append(found)
        on_done(index + 1, n)
    scores = {
        name: {m: torch.tensor([row[m] for row in rows]).double() for m in METRICS}
        for name, rows in values.items()
    }
    groups = {
        "kind": [one.kind for one in cases],
        "width": ["wide" if one.wide else "local" for one in cases],
        "points": [
            "1-2" if len(o.points) < 3 else "3-5" if len(o.points) < 6 else "6-8" for o in cases
        ],
    }
    return frame("elastic", torch.device("cpu"), [], n) | {
        "side": side,
        "split": split,
        "rows": [
            {"flow": name, "mean": summary(found), "ours_minus": contrast(scores["ours"], found)}
            for name, found in scores.items()
        ],
        "error_by": {
            group: {
                key: {
                    name: float(found["error"][[k == key for k in keys]].mean())
                    for name, found in scores.items()
                }
                for key in sorted(set(keys))
            }
            for group, keys in groups.items()
        },
    }


def _measured(one: Case, picture: Tensor, side: int) -> dict[str, dict[str, float]]:
    truth, still = on_grid(one.back, side), on_grid(lambda places: places, side)
    moves = np.linalg.norm(truth - still, axis=-1) >= 0.5
    right = sampled(picture, truth)
    everywhere = torch.ones(1, side, side, dtype=torch.bool)
    source, target = ends(one.points)
    found = {}
    for name, make in FIELDS.items():
        flow: Flow = make(one.points, side)
        back = on_grid(flow, side)
        error = np.linalg.norm(back - truth, axis=-1)
        found[name] = {
            "error": float(error.mean()),
            "moved": float(error[moves].mean()),
            "arrival": float(np.linalg.norm(flow(target) - source, axis=1).mean()),
            "psnr": float(region_psnr(sampled(picture, back), right, everywhere)),
            "folds": folds(back),
            "tears": tears(back - truth),
        }
    return found
