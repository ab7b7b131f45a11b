"""In what share of drags the intent score ranks the true result above damaged ones.

Drags come from all suites in turn (`yuragi.research.bench.intent.drags`); what they are compared
with is in `yuragi.research.bench.intent.variants`. ``ours`` is what the product gives without a
network: there the share says how often a score that knows our motion still prefers the truth. No
model is asked, as it knows few of these pictures, so the score's part realism is left out.
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

__all__ = ["bench_intent"]


def bench_intent(
    number: int, side: int, split: str, on_done: Callable[[int, int], None]
) -> dict[str, Any]:
    """Measure on `number` drags.

    Args:
        number: drags; kinds take turns.
        side: of the photographs in pixels.
        split: ``validation``, on which the score was trained, or ``benchmark``.
        on_done: told (drags done, in all).

    Returns:
        a report: by damaged result, in how many drags the truth is above it, with 95 % intervals
        (Wilson), in all and by kind of drag.

    Raises:
        YuragiError: a package with pictures is not installed.
    """
    above: dict[str, list[tuple[str, bool]]] = {name: [] for name in (*VARIANTS, "ours")}
    for index in range(number):
        one = drag(split, index, side)
        for name, right in _ranked(one).items():
            above[name].append((one.kind, right))
        on_done(index + 1, number)
    return frame("intent", torch.device("cpu"), [0], number) | {
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
    """Whether the score of the true result is above that of each other one."""
    results: dict[str, Tensor] = {"truth": to_tensor(one.truth), "ours": ours(one)}
    results |= {
        name: picture for name, make in VARIANTS.items() if (picture := make(one)) is not None
    }
    parts = intent(one.asked, torch.cat(list(results.values())), shipped_wholeness(), None, 1)
    scores = dict(zip(results, (each.score for each in parts), strict=True))
    return {name: scores["truth"] > score for name, score in scores.items() if name != "truth"}


def _share(right: Sequence[bool]) -> dict[str, float | int]:
    from scipy.stats import binomtest

    interval = binomtest(sum(right), len(right)).proportion_ci(0.95, "wilson")
    share = sum(right) / len(right)
    return {"n": len(right), "share": share, "low": interval.low, "high": interval.high}
