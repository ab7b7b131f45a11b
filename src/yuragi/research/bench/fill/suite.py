r"""The fill suite: every fill closes the same holes, and the results are compared with the truth.

- `psnr`: within the visible part of the hole, in dB, at most 60;
- `lpips`: HED-LPIPS, averaged over the visible part of the hole; the rest is the true picture;
- `seconds`: the processor time for closing the hole.

The kinds of holes alternate, and so do the photographs. In every `LARGE`-th case, the side of the
photograph is twice as long. Each drawn background gets the first holes too: one hole for every
`CONTROL` holes in photographs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from yuragi.research.bench.fill.fills import FILLS
from yuragi.research.bench.fill.holes import GROUNDS, KINDS, Hole, ground, hole
from yuragi.research.bench.photos import photographs
from yuragi.research.bench.report import frame
from yuragi.research.bench.scores import Scores, contrast, means, summary
from yuragi.research.metrics.hed_lpips import load_hed_lpips
from yuragi.research.metrics.paired import region_psnr
from yuragi.research.metrics.perceptual import LPIPS

if TYPE_CHECKING:
    from yuragi.research.bench.fill.holes import Pixels

__all__ = ["METRICS", "bench_fill"]

METRICS = ("psnr", "lpips", "seconds")
LARGE, CONTROL = 5, 5
SIZES = {"1 to 2 %": 0.02, "2 to 5 %": 0.05, "5 to 10 %": 1.0}
"""Size groups by name, with the largest unknown share of the picture in each."""
EDGE = 16
"""The width in pixels of the area around the hole that the perceptual distance includes."""
SHOWN = 10
"""The number of first cases, and of worst cases, on the contact sheet."""
BASE = "averages"
"""The fill that all others are compared with."""


@dataclass(frozen=True)
class _Case:
    """A hole in a picture [h, w, 3], and the groups to which it belongs."""

    picture: Pixels
    hole: Hole
    groups: Mapping[str, str]


def bench_fill(
    n: int, side: int, split: str, on_done: Callable[[int, int], None]
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Measure every fill on `n` holes in photographs, and on some holes in each drawn background.

    Args:
        n: the number of holes in photographs.
        side: the side of the photographs in pixels; every `LARGE`-th one has twice this side.
        split: ``validation`` for choosing a fill, ``benchmark`` for reporting.
        on_done: called with (photographs done, photographs in total).

    Returns:
        a report and pictures for a contact sheet. For photographs, the report has the means by
        fill, the paired differences to the averages with 95 % intervals, the means by kind, size
        and side, and the numbers of the ten worst cases of our fill. For each drawn background, it
        has the PSNR and its differences. The pictures [k, 3, h, w] are the truth, the hole and
        every fill, for the first ten cases and the ten worst cases of our fill.

    Raises:
        YuragiError: a package for a metric or a fill is missing.
    """
    perceptual = load_hed_lpips()
    cases = _photographed(n, side, split)
    scores: dict[str, dict[str, list[float]]] = {name: {m: [] for m in METRICS} for name in FILLS}
    for index, case in enumerate(cases):
        for name, fill in FILLS.items():
            if fill.runs_on(index):
                made, seconds = _made(name, case)
                found = {"seconds": seconds} | _measured(made, case, perceptual)
                for metric in METRICS:
                    scores[name][metric].append(found[metric])
        on_done(index + 1, n)
    joined = {
        name: {m: torch.tensor(values).double() for m, values in rows.items()}
        for name, rows in scores.items()
    }
    worst = joined["ours"]["psnr"].argsort()[:SHOWN].tolist()
    report = frame("fill", torch.device("cpu"), [], n) | {
        "side": side,
        "split": split,
        "rows": [_row(name, found, joined[BASE]) for name, found in joined.items()],
        "by": {
            group: {
                key: {
                    name: means(_those(found, [c.groups[group] == key for c in cases]))
                    for name, found in joined.items()
                    if len(found["psnr"]) == n
                }
                for key in sorted({case.groups[group] for case in cases})
            }
            for group in cases[0].groups
        },
        "worst": worst,
        "drawn": {name: _drawn(name, max(2, n // CONTROL), side, split) for name in GROUNDS},
    }
    return report, _pictures([cases[index] for index in [*range(min(n, SHOWN)), *worst]], side)


def _photographed(n: int, side: int, split: str) -> list[_Case]:
    found = {size: photographs(size) for size in (side, 2 * side)}
    cases = []
    for index in range(n):
        size = 2 * side if index % LARGE == LARGE - 1 else side
        one = hole(split, index, size)
        # Every photograph gets every kind of hole.
        name = list(found[size])[index // len(KINDS) % len(found[size])]
        share = next(key for key, most in SIZES.items() if one.share <= most)
        groups = {"kind": one.kind, "size": share, "side": str(size), "photograph": name}
        cases.append(_Case(np.asarray(found[size][name]), one, groups))
    return cases


def _made(name: str, case: _Case) -> tuple[Pixels, float]:
    """The picture with the visible part of its hole closed, and the processor time in seconds."""
    hollow = case.picture * ~case.hole.unknown[..., None]
    began = time.process_time()
    made = FILLS[name].make(hollow, case.hole.unknown)
    seconds = time.process_time() - began
    return np.where(case.hole.shown[..., None], made, case.picture), seconds


def _measured(made: Pixels, case: _Case, perceptual: LPIPS) -> dict[str, float]:
    rows, columns = (_around(np.asarray(case.hole.unknown.any(axis=k))) for k in (1, 0))
    image, truth = (_tensor(each[rows, columns]) for each in (made, case.picture))
    region = torch.tensor(case.hole.shown[rows, columns])[None]
    return {
        "psnr": float(region_psnr(image, truth, region)),
        "lpips": float(perceptual(image, truth, [region])[0]),
    }


def _around(some: np.ndarray[Any, np.dtype[np.bool_]]) -> slice:
    places = np.flatnonzero(some)
    return slice(max(int(places[0]) - EDGE, 0), int(places[-1]) + EDGE + 1)


def _drawn(name: str, n: int, side: int, split: str) -> list[dict[str, Any]]:
    """PSNR of the fills that run on all cases, on one drawn background."""
    fills = [key for key, fill in FILLS.items() if fill.most is None]
    values: dict[str, list[float]] = {key: [] for key in fills}
    for index in range(n):
        case = _Case(ground(name, split, index, side), hole(split, index, side), {})
        shown = torch.tensor(case.hole.shown)[None]
        for key in fills:
            made = _tensor(_made(key, case)[0])
            values[key].append(float(region_psnr(made, _tensor(case.picture), shown)))
    joined = {key: {"psnr": torch.tensor(found).double()} for key, found in values.items()}
    return [_row(key, found, joined[BASE]) for key, found in joined.items()]


def _row(name: str, found: Scores, base: Scores) -> dict[str, Any]:
    count = len(found["psnr"])
    first = {metric: values[:count] for metric, values in base.items()}
    return {
        "fill": name,
        "n": count,
        "mean": summary(found),
        "minus_averages": contrast(found, first),
    }


def _those(found: Scores, which: list[bool]) -> Scores:
    return {metric: values[which] for metric, values in found.items()}


def _tensor(picture: Pixels) -> Tensor:
    """[h, w, 3] levels -> [1, 3, h, w] in [-1, 1]."""
    return torch.tensor(picture).permute(2, 0, 1)[None].float() / 127.5 - 1


def _pictures(cases: list[_Case], side: int) -> dict[str, Tensor]:
    """The truth, the hole, and every fill that runs on all cases: [k, 3, side, side] each."""
    hollow = [np.where(c.hole.shown[..., None], np.uint8(255), c.picture) for c in cases]
    rows = {"truth": [case.picture for case in cases], "hole": hollow}
    for key, fill in FILLS.items():
        if fill.most is None:
            rows[key] = [_made(key, case)[0] for case in cases]
    return {
        key: torch.cat([_tensor(p[:: len(p) // side, :: len(p) // side]) for p in pictures])
        for key, pictures in rows.items()
    }
