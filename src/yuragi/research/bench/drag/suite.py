"""Drag methods on portraits whose true results are known (`yuragi.research.train.motions`).

The rows are: doing nothing; a copy of SDE-Drag's boxes without any diffusion; ODE-Drag and SDE-Drag
with the paper's settings, and SDE-Drag with a LoRA of every picture, all three on the first cases;
our own method; and its ablations. All get the same cases, points, masks, prompts and seed. The
scores are means over cases:

- ``arrival``, ``registered``, ``psnr``, ``ssim``, ``lpips``, ``background``, ``ghost``, ``seams``:
  against the truth; see `yuragi.research.bench.truth`;
- ``identity``: the share of the portrait's labels that the judge recognizes;
- ``intent``: the score that ranks candidates (`yuragi.drag.intent`); it does not know the truth;
- ``evaluations``, ``seconds`` and ``peak_mib`` per case; published methods run in batches of up to
  12 cases, which makes them faster but increases their memory.

A row's ``n`` is the number of cases that it ran on; differences are over the cases that both rows
have. ``truth`` has the scores of the true pictures, which no row can beat, because the features and
the judge are not exact. ``ranked`` is the share of cases in which the intent score ranks the truth
above a row's picture.

Finished rows are stored in the runs folder, so an interrupted run can be resumed. ``kept_from``
lists the commits and devices of stored pictures, other than those of this run.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from yuragi.device import wait_for
from yuragi.errors import InputError
from yuragi.models.model import DiffusionModel
from yuragi.models.names import load_model
from yuragi.models.opening import Opening
from yuragi.research.bench.drag.cases import EVEN, Cases, cases
from yuragi.research.bench.drag.method import Method, by_preset
from yuragi.research.bench.drag.ours import ABLATIONS, ours
from yuragi.research.bench.drag.plain import nearest, nothing, without_network
from yuragi.research.bench.drag.published import pasted, published, published_with_lora
from yuragi.research.bench.drag.scores import Scorer
from yuragi.research.bench.kept import Kept
from yuragi.research.bench.memory import peak_memory
from yuragi.research.bench.report import frame, origin
from yuragi.research.bench.scores import Scores, contrast, means, summary
from yuragi.research.bench.truth import TruthScorer
from yuragi.research.metrics.features import load_features
from yuragi.research.metrics.hed_lpips import load_hed_lpips
from yuragi.research.train.judge import shipped_judge
from yuragi.research.train.motions import LENGTHS, MOTIONS

__all__ = ["FULL", "QUICK", "bench_drag_suite", "ways"]

PART = 24
"""The number of cases of a row that are made and stored together: each kind and length once."""
GROUPED = ("arrival", "psnr", "ghost")
"""Scores that are also reported by groups of cases."""
ABLATED = 96
"""The number of first cases that an ablation runs on: each kind and length of motion four times."""
FULL, QUICK = 240, 20
"""The number of cases of a whole run, and of a quick one."""


ROWS: Mapping[str, Method] = {
    "nothing": Method("nothing", by_preset("warp", "sde"), nothing),
    "paste": Method("paste", by_preset("paper", "sde"), pasted),
    "ode": replace(published("paper", "ode"), most=48),
    "paper": replace(published("paper", "sde"), most=48),
    "paper, LoRA": published_with_lora("paper", 4),
    "ours": ours(),
    "no network": Method("no network", by_preset("warp", "sde"), without_network),
}
"""The rows over even backgrounds. Published methods need over a thousand evaluations per case, so
they run on the first cases only: each kind and length of motion without and with a mask. With a
LoRA, they run on half of those."""

UNEVEN_ROWS: Mapping[str, Method] = {
    "nothing": ROWS["nothing"],
    "paste": ROWS["paste"],
    "nearest 4": Method("nearest 4", by_preset("warp", "sde"), nearest),
    "ode": replace(published("paper", "ode"), most=24),
    "paper": replace(published("paper", "sde"), most=24),
    "ours": ROWS["ours"],
    "no network": ROWS["no network"],
}
"""The rows over other backgrounds, which include Inpaint4Drag's flow. Published methods run on the
first cases only: each kind and length of motion."""


def ways(
    quick: bool, ablations: bool, behind: str = EVEN, chosen: Sequence[str] = ()
) -> Mapping[str, Method]:
    """The rows of a run.

    Args:
        quick: whether the published methods use a quarter of the paper's levels and no LoRAs.
        ablations: whether to include all ablations of our own method.
        behind: the kind of background: `EVEN`, or a kind of `yuragi.research.bench.grounds`.
        chosen: the names of the rows to run, in addition to ours, and perhaps of ablations; empty
            for all rows.

    Raises:
        InputError: there is no row of a chosen name.
    """
    rows = dict(ROWS if behind == EVEN else UNEVEN_ROWS)
    if quick:
        rows |= {"ode": published("fast", "ode"), "paper": published("fast", "sde")}
        # Fitting LoRAs to twenty pictures takes longer than everything else.
        rows.pop("paper, LoRA", None)
    ablated = {name: replace(way, most=ABLATED) for name, way in ABLATIONS.items()}
    wanted = {*chosen, "ours"} if chosen else set(rows)
    rows |= ablated
    for name in chosen:
        if name not in rows:
            raise InputError("row", name, "one of " + ", ".join(map(repr, rows)))
    if ablations:
        wanted |= ablated.keys()
    return {name: way for name, way in rows.items() if name in wanted}


def bench_drag_suite(
    model: str,
    runs: Path,
    number: int,
    behind: str,
    rows: Mapping[str, Method],
    seed: int,
    device: torch.device,
    on_part: Callable[[int, int], None],
) -> tuple[dict[str, Any], Mapping[str, Tensor]]:
    """Run the benchmark, or the part of it that is not finished.

    Args:
        model: name or path.
        runs: the runs folder; finished parts are stored in its ``drag/``.
        number: the number of cases; the kinds and lengths of motion alternate.
        behind: the kind of background: `EVEN`, or a kind of `yuragi.research.bench.grounds`.
        rows: drag methods by name.
        seed: the seed of all noise.
        device: where to run.
        on_part: called with (parts done, parts in total).

    Returns:
        the report, and pictures for a contact sheet: rows by name, [k, 3, h, w].

    Raises:
        YuragiError: a package for a metric is missing.
    """
    perceptual, features = load_hed_lpips(), load_features(device)
    judge = shipped_judge(device)
    loaded = load_model(model, Opening(device=str(device)))
    scorer = Scorer(TruthScorer(features, perceptual), judge, loaded, seed)
    head = frame("drag-portraits", device, [seed], number)
    kept = Kept(runs / "drag" / loaded.weights, origin(head))
    parts = [range(start, min(start + PART, number)) for start in range(0, number, PART)]
    total, done = sum(way.runs_on(part) for part in parts for way in rows.values()), 0
    scores: dict[str, dict[str, list[Tensor]]] = {name: {} for name in rows}
    bound: dict[str, list[Tensor]] = {}
    spent: dict[str, list[Tensor]] = {name: [] for name in rows}
    kinds: list[tuple[str, str, bool]] = []
    shown: dict[str, Tensor] = {}
    for part in parts:
        found = cases("benchmark", part, behind)
        kinds += [(case.kind, case.length, case.mask is not None) for case in found.motions]
        score = scorer.on(found)
        for key, values in score(found.truth).items():
            bound.setdefault(key, []).append(values)
        for name, way in rows.items():
            if not way.runs_on(part):
                continue
            images, cost = _made(kept, way, loaded, found, seed)
            for key, values in score(images).items():
                scores[name].setdefault(key, []).append(values)
            spent[name].append(cost)
            if part is parts[0]:
                shown[name] = images[: len(MOTIONS)]
            done += 1
            on_part(done, total)
        if part is parts[0]:
            shown |= {"before": found.before[: len(MOTIONS)], "truth": found.truth[: len(MOTIONS)]}
    joined = {
        name: {key: torch.cat(values) for key, values in table.items()}
        for name, table in scores.items()
    }
    best = {key: torch.cat(values) for key, values in bound.items()}
    report = head | {
        "model": Path(model).name,
        "weights": loaded.weights,
        "kept_from": kept.elsewhere,
        "behind": behind,
        "settings": {name: way.settings for name, way in rows.items()},
        "rows": {
            name: {"n": _count(table), **summary(table), **_cost(torch.cat(spent[name]))}
            for name, table in joined.items()
        },
        "truth": {"n": _count(best), **summary(best)},
        "ranked": {
            name: (_first(best, table)["intent"] > table["intent"]).double().mean().item()
            for name, table in joined.items()
        },
        "against_ours": {
            name: contrast(_first(joined["ours"], table), table)
            for name, table in joined.items()
            if name != "ours"
        },
        "by_kind": _grouped(joined, kinds, 0, list(MOTIONS)),
        "by_length": _grouped(joined, kinds, 1, list(LENGTHS)),
        "by_mask": _grouped(joined, kinds, 2, [False, True]),
    }
    return report, shown


def _made(
    kept: Kept, way: Method, model: DiffusionModel, found: Cases, seed: int
) -> tuple[Tensor, Tensor]:
    """The pictures of a row, and (evaluations, seconds, peak MiB) of each case."""

    def make() -> tuple[Tensor, Tensor]:
        counted, counter = model.counting()
        with peak_memory(model.device) as peak:
            wait_for(model.device)
            began = time.perf_counter()
            images = way.make(counted, found, seed)
            wait_for(model.device)
            seconds = time.perf_counter() - began
        each = [counter.evaluations / len(found), seconds / len(found), peak.mib]
        return images, torch.tensor([each] * len(found), dtype=torch.float64)

    name = f"{way.settings} {found.numbers[0]}"
    return kept.pictures(name, way.requests(found, seed), make)


def _cost(spent: Tensor) -> dict[str, float | None]:
    evaluations, seconds = spent[:, :2].mean(0).tolist()
    peak = spent[:, 2].max().item()
    return {
        "evaluations": evaluations,
        "seconds": seconds,
        "peak_mib": None if math.isnan(peak) else peak,
    }


def _grouped(
    scores: Mapping[str, Scores],
    kinds: Sequence[tuple[str, str, bool]],
    index: int,
    values: Sequence[object],
) -> dict[str, Any]:
    """Some scores by kind, by length, or for cases without and with a mask."""
    report: dict[str, Any] = {}
    for value in values:
        rows = torch.tensor([kind[index] == value for kind in kinds])
        found = {}
        for name, table in scores.items():
            those = rows[: _count(table)]
            if bool(those.any()):
                found[name] = means({key: table[key][those] for key in GROUPED})
        if found:
            report[str(value)] = found
    return report


def _count(table: Scores) -> int:
    return len(table["psnr"])


def _first(table: Scores, other: Scores) -> Scores:
    """The scores of the first cases, as many as another row ran on."""
    return {key: values[: _count(other)] for key, values in table.items()}
