r"""Every edit with the ODE, SDE and adaptive samplers, on portraits whose true results are known.

The pictures before and after the edit are drawings that differ in one label
(`yuragi.research.train.pairs`), so the right answer is a picture and not an opinion. For a hole, it
is the original content. The cells are all combinations of task, number of steps and sampler, on the
same pairs and seeds. Each task and sampler has its own strength and guidance scale. They are chosen
on the validation split at 25 steps by the errors inside and outside the change, which count half
each (`yuragi.research.bench.edits.tuning`). At the same strength, the SDE forgets more than the
ODE, so the comparison would not be fair with an equal strength.

- ``psnr``, ``ssim``, ``lpips`` (HED-LPIPS): to the truth, in the whole picture; ``_in`` where the
  truth differs from the picture before the edit (or in the hole), ``_out`` elsewhere;
- ``background``: mean absolute difference to the picture before the edit, outside the change;
- ``success``: whether the judge sees the requested label; ``identity``: the share of the other
  labels that it sees unchanged;
- ``evaluations`` and ``seconds`` per picture (seconds are meaningful only on an idle machine).

``codec`` has the scores of the truth after the codec alone, which bound all results that go through
the codec. ``nothing`` has the scores of doing nothing, which leaves the picture unchanged.

``verdict`` counts the cells in which one sampler is better and the interval excludes zero.
``claim`` is the claim of the paper: the SDE at 25 steps against the ODE at 100, for inpainting.

Finished cells are stored in the runs folder, so an interrupted run can be resumed. ``kept_from``
lists the commits and devices of stored cells, other than those of this run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product, starmap
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from yuragi.models.model import DiffusionModel
from yuragi.models.names import load_model
from yuragi.models.opening import Opening
from yuragi.research.bench.edits.cases import Cases, holes, pairs
from yuragi.research.bench.edits.cells import Cell, Chosen, Store
from yuragi.research.bench.edits.scores import Scorer
from yuragi.research.bench.edits.tuning import FINALISTS, Tuner
from yuragi.research.bench.edits.verdict import verdict
from yuragi.research.bench.kept import Kept
from yuragi.research.bench.report import frame, origin
from yuragi.research.bench.scores import Scores, contrast, means, summary
from yuragi.research.metrics.hed_lpips import load_hed_lpips
from yuragi.research.train.judge import shipped_judge
from yuragi.research.train.pairs import HOLES, KINDS
from yuragi.research.train.portraits import Split
from yuragi.tasks.base import Edit
from yuragi.tasks.diffedit import DiffEditRequest
from yuragi.tasks.inpaint import InpaintRequest
from yuragi.tasks.sdedit import SDEditRequest
from yuragi.tasks.translate import TranslateRequest

__all__ = ["FULL", "QUICK", "SAMPLERS", "TASKS", "Sizes", "bench_edits"]

TASKS: Mapping[str, type[Edit]] = {
    "inpaint": InpaintRequest,
    "sdedit": SDEditRequest,
    "translate": TranslateRequest,
    "diffedit": DiffEditRequest,
}
STRENGTHS: Mapping[str, tuple[float, ...]] = {
    "inpaint": (1.0,),
    "sdedit": (0.45, 0.6, 0.75, 0.9),
    "translate": (0.6, 0.8, 1.0),
    "diffedit": (0.5, 0.7, 0.9),
}
"""The strengths to choose from, around those of the methods' authors; holes start from noise."""
SAMPLERS = ("ode", "sde", "adaptive")
CONTRASTS = (("sde", "ode"), ("adaptive", "ode"), ("adaptive", "sde"))
TUNED_AT = 25
BATCH = 14


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Args:
        each: the number of pairs of each of the 7 kinds of change; each kind of hole has 7 / 4
            times as many.
        tuned: the same on the validation split, for choosing strengths and scales.
        finals: the same for the best of them.
        steps: numbers of levels on the whole time axis.
        scales: guidance scales to choose from.
    """

    each: int = 15
    tuned: int = 2
    finals: int = 6
    steps: tuple[int, ...] = (10, 25, 50, 100)
    scales: tuple[float, ...] = (1.0, 1.5, 2.0, 3.0)


FULL, QUICK = Sizes(), Sizes(1, 1, 1, (10, 25), (2.0,))


def bench_edits(
    model: str,
    runs: Path,
    sizes: Sizes,
    seed: int,
    device: torch.device,
    on_cell: Callable[[int, int], None],
) -> tuple[dict[str, Any], Mapping[str, Tensor]]:
    """Run the benchmark, or the part of it that is not finished.

    Args:
        model: name or path.
        runs: the runs folder; finished cells are stored in its ``edits/``.
        sizes: how much is measured.
        seed: the seed of all noise.
        device: where to run.
        on_cell: called with (cells done, cells in total).

    Returns:
        the report, and pictures for a contact sheet: rows by name, [k, 3, h, w].

    Raises:
        YuragiError: a package for a metric is missing.
    """
    perceptual = load_hed_lpips()
    loaded = load_model(model, Opening(device=str(device)))
    score = Scorer(shipped_judge(device), perceptual)
    head = frame("edits", device, [seed], sizes.each * len(KINDS))
    kept = Kept(runs / "edits" / loaded.weights, origin(head))
    store = Store(loaded, seed, kept)
    trials = [len(each) * len(sizes.scales) for each in STRENGTHS.values()]
    trials += [min(FINALISTS, each) for each in trials]
    total = len(SAMPLERS) * (sum(trials) + len(TASKS) * len(sizes.steps))
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        on_cell(done, total)

    cells: list[dict[str, Any]] = []
    contrasts: list[dict[str, Any]] = []
    tuning: dict[str, Any] = {}
    by_kind: dict[str, Any] = {"steps": max(s for s in sizes.steps if s <= max(50, sizes.steps[0]))}
    shown: dict[str, Tensor] = {}
    pictured = TUNED_AT if TUNED_AT in sizes.steps else sizes.steps[-1]
    bounds: dict[str, Any] = {}
    claim: dict[str, Any] = {}
    for task, kind in TASKS.items():
        cases = _cases(task, "benchmark", sizes.each, seed)
        few, more = (_cases(task, "validation", each, seed) for each in (sizes.tuned, sizes.finals))
        tune = Tuner(store, score, TUNED_AT, few, more, tick)
        settings = list(starmap(Chosen, product(STRENGTHS[task], sizes.scales)))
        chosen: dict[str, Chosen] = {}
        for sampler in SAMPLERS:
            chosen[sampler], tuning[f"{task} {sampler}"] = tune(kind, sampler, settings)
        made: dict[tuple[int, str], Cell] = {}
        for steps, sampler in product(sizes.steps, SAMPLERS):
            made[steps, sampler] = store.cell(kind, cases, sampler, steps, chosen[sampler])
            tick()
        codec, nothing, *scored = score(
            [_through_codec(loaded, cases.truth), cases.before, *(c.images for c in made.values())],
            cases,
        )
        bounds[task] = {"codec": summary(codec), "nothing": summary(nothing)}
        rows: dict[tuple[int, str], Scores] = dict(zip(made, scored, strict=True))
        for (steps, sampler), found in made.items():
            cells.append(
                {"task": task, "steps": steps, "sampler": sampler}
                | chosen[sampler]._asdict()
                | summary(rows[steps, sampler])
                | {"evaluations": found.spent[0].item(), "seconds": found.spent[1].item()}
            )
            if steps == pictured:
                shown[f"{task} {sampler} {steps}"] = found.images[:: sizes.each][: len(KINDS)]
        contrasts += [
            {"task": task, "steps": steps, "of": of, "to": to}
            | contrast(rows[steps, of], rows[steps, to])
            for steps, (of, to) in product(sizes.steps, CONTRASTS)
        ]
        for sampler in SAMPLERS:
            by_kind[f"{task} {sampler}"] = _by_kind(rows[by_kind["steps"], sampler], cases)
        if task == "inpaint" and {(25, "sde"), (100, "ode")} <= set(rows):
            claim = contrast(rows[25, "sde"], rows[100, "ode"])
        shown[f"{task} before"] = cases.before[:: sizes.each][: len(KINDS)]
        shown[f"{task} truth"] = cases.truth[:: sizes.each][: len(KINDS)]
    report = head | {
        "model": Path(model).name,
        "weights": loaded.weights,
        "kept_from": kept.elsewhere,
        "tuned_on": [sizes.tuned * len(KINDS), sizes.finals * len(KINDS)],
        "tuning": tuning,
        "verdict": verdict(contrasts),
        "claim": claim,
        "bounds": bounds,
        "cells": cells,
        "contrasts": contrasts,
        "by_kind": by_kind,
    }
    return report, shown


def _cases(task: str, split: Split, each: int, seed: int) -> Cases:
    n = each * len(KINDS)
    return holes(split, n, seed) if task == "inpaint" else pairs(split, n, seed)


def _through_codec(model: DiffusionModel, images: Tensor) -> Tensor:
    """Pictures [n, 3, h, w], encoded and decoded."""
    codec = model.codec
    parts = torch.split(images.to(model.device), BATCH)
    return torch.cat([codec.decode(codec.encode(x), *x.shape[-2:]).cpu() for x in parts])


def _by_kind(scores: Scores, cases: Cases) -> dict[str, Any]:
    """Some scores by kind of change or hole."""
    report = {}
    for kind in HOLES if cases.is_hole else KINDS:
        rows = torch.tensor([each == kind for each in cases.kinds])
        report[kind] = means(
            {
                name: scores[name][rows]
                for name in ("psnr", "psnr_in", "lpips", "success", "identity")
                if name in scores
            }
        )
    return report
