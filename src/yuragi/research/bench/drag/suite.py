"""Ways to drag on portraits whose true result is known (`yuragi.research.train.motions`).

Rows: do nothing; copy SDE-Drag's boxes without any diffusion; ODE-Drag and SDE-Drag with the
paper's settings, and SDE-Drag with a LoRA of every picture, all three on the first cases; our own
method; and its ablations. All see the same cases, points, masks, prompts and seed. Scores, means
over cases:

- ``arrival``, ``registered``, ``psnr``, ``ssim``, ``lpips``, ``background``, ``ghost``, ``seams``:
  against the truth; see `yuragi.research.bench.truth`;
- ``identity``: share of the portrait's labels that the judge sees;
- ``intent``: the score by which candidates are ranked (`yuragi.drag.intent`); it does not know
  the truth;
- ``evaluations``, ``seconds`` and ``peak_mib`` a case; published methods run in batches of up to 12
  cases, which makes them faster and larger.

A row's ``n`` is the number of cases it ran on; differences are over the cases that both rows have.
``truth`` is what the true pictures score, which no row can beat: features and judge err too.
``ranked`` is the share of cases in which the intent score puts the truth above a row's picture.

Finished rows are kept in the runs folder, so a run that was cut short goes on.
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

from yuragi import __version__
from yuragi.device import wait_for
from yuragi.models.model import DiffusionModel
from yuragi.models.names import load_model
from yuragi.models.opening import Opening
from yuragi.research.bench.drag.cases import EVEN, Cases, cases
from yuragi.research.bench.drag.method import Method
from yuragi.research.bench.drag.ours import ABLATIONS, ours
from yuragi.research.bench.drag.plain import nearest, nothing, without_network
from yuragi.research.bench.drag.published import pasted, published, published_with_lora
from yuragi.research.bench.drag.scores import Scorer
from yuragi.research.bench.kept import kept
from yuragi.research.bench.memory import peak_memory
from yuragi.research.bench.report import frame
from yuragi.research.bench.scores import Scores, contrast, means
from yuragi.research.bench.truth import TruthScorer
from yuragi.research.metrics.features import load_features
from yuragi.research.metrics.perceptual import load_hed_lpips
from yuragi.research.train.judge import shipped_judge
from yuragi.research.train.motions import LENGTHS, MOTIONS

__all__ = ["QUICK", "bench_drag_suite", "ways"]

PART = 24
"""Cases of a row that are finished and kept at once: each kind and length of motion."""
GROUPED = ("arrival", "psnr", "ghost")
"""Scores that are also given by groups of cases."""
ABLATED = 96
"""Cases of an ablation, the first of the suite: each kind and length of motion four times."""
QUICK = 20
"""Cases of a quick run."""


ROWS: Mapping[str, Method] = {
    "nothing": Method("nothing", nothing),
    "paste": Method("paste", pasted),
    "ode": replace(published("paper", "ode"), most=48),
    "paper": replace(published("paper", "sde"), most=48),
    "paper, LoRA": published_with_lora("paper", 4),
    "ours": ours(),
}
"""Published methods, with over a thousand evaluations a case, run on the first cases: each kind and
length of motion without and with a mask; with a LoRA on half of those."""

UNEVEN_ROWS: Mapping[str, Method] = {
    "nothing": ROWS["nothing"],
    "paste": ROWS["paste"],
    "nearest 4": Method("nearest 4", nearest),
    "ode": replace(published("paper", "ode"), most=24),
    "paper": replace(published("paper", "sde"), most=24),
    "ours": ROWS["ours"],
    "no network": Method("no network", without_network),
}
"""Over uneven ground: also Inpaint4Drag's field, and ours without a network; published methods on
the first cases, each kind and length of motion."""


def ways(quick: bool, ablations: bool, behind: str = EVEN) -> Mapping[str, Method]:
    """The rows of a run.

    Args:
        quick: the published methods with a quarter of the paper's levels, and without LoRAs.
        ablations: also those of our own method.
        behind: what is behind the persons: `EVEN`, or a kind of `yuragi.research.bench.grounds`.
    """
    rows = dict(ROWS if behind == EVEN else UNEVEN_ROWS)
    if quick:
        rows |= {"ode": published("fast", "ode"), "paper": published("fast", "sde")}
        # Learning twenty pictures takes longer than all the rest.
        rows.pop("paper, LoRA", None)
    if ablations:
        rows |= {name: replace(way, most=ABLATED) for name, way in ABLATIONS.items()}
    return rows


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
    """Run the benchmark, or what is left of it.

    Args:
        model: name or path.
        runs: keeps finished parts in ``drag/``.
        number: cases; kinds and lengths of motion take turns.
        behind: what is behind the persons: `EVEN`, or a kind of `yuragi.research.bench.grounds`.
        rows: ways to drag, by name.
        seed: of all noise.
        device: where to run.
        on_part: told (parts done, parts in all).

    Returns:
        the report, and pictures for a contact sheet: rows by name, [k, 3, h, w].

    Raises:
        YuragiError: a package that measures is missing.
    """
    perceptual, features = load_hed_lpips(), load_features(device)
    judge = shipped_judge(device)
    loaded = load_model(model, Opening(device=str(device)))
    scorer = Scorer(TruthScorer(features, perceptual), judge, loaded, seed)
    folder = runs / "drag" / loaded.weights
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
            images, cost = _made(folder, way, loaded, found, seed)
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
    report = frame("drag-portraits", device, [seed], number) | {
        "model": Path(model).name,
        "weights": loaded.weights,
        "behind": behind,
        "settings": {name: way.settings for name, way in rows.items()},
        "rows": {
            name: {"n": _count(table), **means(table), **_cost(torch.cat(spent[name]))}
            for name, table in joined.items()
        },
        "truth": {"n": _count(best), **means(best)},
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
    folder: Path, way: Method, model: DiffusionModel, found: Cases, seed: int
) -> tuple[Tensor, Tensor]:
    """Pictures of a row, and (evaluations, seconds, peak MiB) of each case."""

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

    stem = f"{way.settings.replace(' ', '-')}-{found.numbers[0]}"
    decides = [way.settings, found.split, found.behind, list(found.numbers), seed, __version__]
    return kept(folder, stem, decides, make)


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
    """Some scores by kind, by length, or without and with a mask."""
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
    """The cases that another row, which may have run on fewer, has too."""
    return {key: values[: _count(other)] for key, values in table.items()}
