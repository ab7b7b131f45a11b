"""The share of drags in which the intent score ranks the true result above damaged ones.

Drags come from all suites (`yuragi.research.bench.intent.drags`), and the damaged results from
`yuragi.research.bench.intent.variants`. ``ours`` is Yuragi's result without a network. Its share is
how often a score that knows our motion still prefers the truth. The realism part of the score is
left out, because it needs a model, which would know few of these pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from yuragi.drag.intent import intent
from yuragi.drag.wholeness import shipped_wholeness
from yuragi.images.tensors import to_tensor
from yuragi.research.bench.intent.drags import KINDS, Drag, drag
from yuragi.research.bench.intent.variants import VARIANTS, ours
from yuragi.research.bench.report import frame
from yuragi.research.bench.shares import wilson

__all__ = ["bench_intent"]


def bench_intent(
    number: int, side: int, split: str, on_done: Callable[[int, int], None]
) -> dict[str, Any]:
    """Measure on `number` drags.

    Args:
        number: the number of drags; the kinds alternate.
        side: the side of the photographs in pixels.
        split: ``validation``, on which the score was trained, or ``benchmark``.
        on_done: called with (drags done, drags in total).

    Returns:
        a report: for each damaged result, the share of drags in which the truth is ranked above it,
        with 95 % intervals (Wilson), and this share by kind of drag.

    Raises:
        YuragiError: a package with pictures is not installed.
    """
    above: dict[str, list[tuple[str, bool]]] = {name: [] for name in (*VARIANTS, "ours")}
    for index in range(number):
        one = drag(split, index, side)
        for name, right in _ranked(one).items():
            above[name].append((one.kind, right))
        on_done(index + 1, number)
    return frame("intent", torch.device("cpu"), [], number) | {
        "side": side,
        "split": split,
        "truth_above": {
            name: {
                **_share([right for _, right in found]),
                "by_kind": {
                    kind: sum(held) / len(held)
                    for kind in KINDS
                    if (held := [right for each, right in found if each == kind])
                },
            }
            for name, found in above.items()
        },
    }


def _ranked(one: Drag) -> dict[str, bool]:
    """Whether the score of the true result is above that of each other result."""
    results: dict[str, Tensor] = {"truth": to_tensor(one.truth), "ours": ours(one)}
    results |= {
        name: picture for name, make in VARIANTS.items() if (picture := make(one)) is not None
    }
    parts = intent(one.asked, torch.cat(list(results.values())), shipped_wholeness(), None, 1)
    scores = dict(zip(results, (each.score for each in parts), strict=True))
    return {name: scores["truth"] > score for name, score in scores.items() if name != "truth"}


def _share(right: Sequence[bool]) -> dict[str, float | int]:
    low, high = wilson(sum(right), len(right))
    return {"n": len(right), "share": sum(right) / len(right), "low": low, "high": high}
