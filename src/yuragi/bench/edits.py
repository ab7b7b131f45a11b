r"""Every edit, ODE against SDE and adaptive, on portraits whose true result is known.

The picture before and after are drawings that differ in one label (`yuragi.train.pairs`), so the
right answer is a picture and not an opinion; for a hole it is what was there. Cells are tasks times
steps times samplers, all on the same pairs, seeds and settings but the guidance scale: each task
and sampler has its own, chosen on the validation split (25 steps, by `psnr`).

- ``psnr``, ``ssim``: to the truth, in the whole picture; ``_in`` where the truth differs from the
  picture before (or the hole), ``_out`` elsewhere;
- ``background``: mean absolute difference to the picture before, outside of the change;
- ``success``: the judge sees the label that was asked for; ``identity``: the share of the others
  that it sees as they were;
- ``evaluations`` and ``seconds`` a picture (seconds mean something on an idle machine only).

What the codec alone makes of the truth bounds everything that goes through it (``codec``), and the
picture before, unchanged, is the score of doing nothing (``nothing``).

Finished cells are kept in the runs folder, so a run that was cut short goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from yuragi.adapters import DiffusionModel
from yuragi.bench.edit_cases import Cases, holes, pairs
from yuragi.bench.edit_cells import BATCH, Store
from yuragi.bench.portraits import trained_judge
from yuragi.bench.report import frame
from yuragi.metrics.paired import mean_absolute, paired_interval, psnr, ssim
from yuragi.recipe.models import load_model
from yuragi.recipe.request import (
    DiffEditRequest,
    EditRequest,
    InpaintRequest,
    SDEditRequest,
    TranslateRequest,
)
from yuragi.train.config import Recipe
from yuragi.train.judge import Judge, judged
from yuragi.train.loop import Report
from yuragi.train.pairs import HOLES, KINDS
from yuragi.train.portraits import ATTRIBUTES, Split

__all__ = ["SAMPLERS", "TASKS", "Sizes", "bench_edits"]

TASKS: Mapping[str, type[EditRequest]] = {
    "inpaint": InpaintRequest,
    "sdedit": SDEditRequest,
    "translate": TranslateRequest,
    "diffedit": DiffEditRequest,
}
SAMPLERS = ("ode", "sde", "adaptive")
CONTRASTS = (("sde", "ode"), ("adaptive", "ode"), ("adaptive", "sde"))
TUNED_AT = 25


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Args:
        each: pairs of each kind of change (7 kinds) and holes of each kind times 7 / 4.
        tuned: the same on the validation split, for choosing scales.
        steps: levels over the time axis.
        scales: guidance scales to choose from.
    """

    each: int = 15
    tuned: int = 4
    steps: tuple[int, ...] = (10, 25, 50, 100)
    scales: tuple[float, ...] = (1.0, 2.0, 3.0, 5.0)


def bench_edits(
    model: str,
    recipe: Recipe,
    runs: Path,
    data: Path,
    sizes: Sizes,
    seed: int,
    device: torch.device,
    on_report: Callable[[Report], None],
    on_cell: Callable[[int, int], None],
) -> tuple[dict[str, Any], Mapping[str, Tensor]]:
    """Run the benchmark, or what is left of it.

    Args:
        model: name or path.
        recipe: sizes of data and judge.
        runs: keeps the judge, and finished cells in ``edits/``.
        data: where drawings for the judge are cached.
        sizes: how much.
        seed: of all noise.
        device: where to run.
        on_report: told while the judge is trained.
        on_cell: told (cells done, cells in all).

    Returns:
        the report, and pictures for a contact sheet: rows by name, [k, 3, h, w].
    """
    loaded = load_model(model, str(device))
    judge = trained_judge(recipe, runs, data, device, on_report)
    store = Store(loaded, seed, runs / "edits" / loaded.weights)
    total = len(TASKS) * len(SAMPLERS) * (len(sizes.scales) + len(sizes.steps))
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        on_cell(done, total)

    cells: list[dict[str, Any]] = []
    contrasts: list[dict[str, Any]] = []
    tuning: dict[str, Any] = {}
    shown: dict[str, Tensor] = {}
    bounds: dict[str, Any] = {}
    for task, kind in TASKS.items():
        cases = _cases(task, "benchmark", sizes.each, seed)
        trial = _cases(task, "validation", sizes.tuned, seed)
        scales: dict[str, float] = {}
        for sampler in SAMPLERS:
            scores = {}
            for scale in sizes.scales:
                found = store.cell(kind, trial, sampler, TUNED_AT, scale)
                scores[f"{scale:g}"] = _scores(found.images, trial)["psnr"].mean().item()
                tick()
            tuning[f"{task} {sampler}"] = scores
            scales[sampler] = float(max(scores, key=lambda name: scores[name]))
        bounds[task] = _bounds(loaded, judge, cases)
        for steps in sizes.steps:
            row: dict[str, dict[str, Tensor]] = {}
            for sampler in SAMPLERS:
                found = store.cell(kind, cases, sampler, steps, scales[sampler])
                row[sampler] = _scores(found.images, cases) | _judged(judge, found.images, cases)
                cells.append(
                    {"task": task, "steps": steps, "sampler": sampler, "scale": scales[sampler]}
                    | {name: values.nanmean().item() for name, values in row[sampler].items()}
                    | {"evaluations": found.spent[0].item(), "seconds": found.spent[1].item()}
                )
                shown[f"{task} {sampler} {steps}"] = found.images[:: sizes.each][: len(KINDS)]
                tick()
            contrasts += [
                {"task": task, "steps": steps, "of": of, "to": to} | _contrast(row[of], row[to])
                for of, to in CONTRASTS
            ]
        shown[f"{task} before"] = cases.before[:: sizes.each][: len(KINDS)]
        shown[f"{task} truth"] = cases.truth[:: sizes.each][: len(KINDS)]
    n = sizes.each * len(KINDS)
    report = frame("edits", device, [seed], n) | {
        "model": Path(model).name,
        "weights": loaded.weights,
        "tuning": tuning,
        "bounds": bounds,
        "cells": cells,
        "contrasts": contrasts,
        "by_kind": _by_kind(store, judge, sizes, tuning, seed),
    }
    return report, shown


def _cases(task: str, split: Split, each: int, seed: int) -> Cases:
    n = each * len(KINDS)
    return holes(split, n, seed) if task == "inpaint" else pairs(split, n, seed)


def _scores(images: Tensor, cases: Cases) -> dict[str, Tensor]:
    """Pictures against the truth, [n] each."""
    truth, change = cases.truth, cases.change
    regions = {"": cases.everywhere, "_in": change, "_out": ~change}
    alike = ssim(images, truth, list(regions.values()))
    found = {f"psnr{name}": psnr(images, truth, region) for name, region in regions.items()}
    found |= {f"ssim{name}": value for name, value in zip(regions, alike, strict=True)}
    return found | {"background": mean_absolute(images, cases.before, ~change)}


def _judged(judge: Judge, images: Tensor, cases: Cases) -> dict[str, Tensor]:
    """What the judge sees of the label that was asked for, and of the others, [n]."""
    hits = torch.stack(list(judged(judge, images, cases.labels).values()), 1).double()
    names = list(ATTRIBUTES)
    if cases.is_hole:
        return {"identity": hits.mean(1)}
    asked = torch.tensor([names.index(kind) for kind in cases.kinds])
    success = hits.gather(1, asked[:, None])[:, 0]
    return {"success": success, "identity": (hits.sum(1) - success) / (len(names) - 1)}


def _bounds(model: DiffusionModel, judge: Judge, cases: Cases) -> dict[str, Any]:
    """Scores of the truth through the codec alone, and of the picture before."""
    parts = torch.split(cases.truth.to(model.device), BATCH)
    codec = torch.cat(
        [model.codec.decode(model.codec.encode(x), *x.shape[-2:]).cpu() for x in parts]
    )
    return {
        name: {
            key: values.nanmean().item()
            for key, values in (_scores(images, cases) | _judged(judge, images, cases)).items()
        }
        for name, images in (("codec", codec), ("nothing", cases.before))
    }


def _contrast(of: Mapping[str, Tensor], to: Mapping[str, Tensor]) -> dict[str, Any]:
    """Paired differences of - to with 95 % intervals."""
    found = {}
    for name, values in of.items():
        differences = values - to[name]
        found[name] = paired_interval(differences[~differences.isnan()])._asdict()
    return found


def _by_kind(
    store: Store, judge: Judge, sizes: Sizes, tuning: Mapping[str, Mapping[str, float]], seed: int
) -> dict[str, Any]:
    """PSNR and success by kind of change or hole, at 50 steps or the nearest below."""
    steps = max(s for s in sizes.steps if s <= 50 or s == min(sizes.steps))
    report: dict[str, Any] = {"steps": steps}
    for task, kind in TASKS.items():
        cases = _cases(task, "benchmark", sizes.each, seed)
        names = HOLES if cases.is_hole else tuple(KINDS)
        for sampler in SAMPLERS:
            scores = tuning[f"{task} {sampler}"]
            scale = float(max(scores, key=lambda name: scores[name]))
            images = store.cell(kind, cases, sampler, steps, scale).images
            found = _scores(images, cases) | _judged(judge, images, cases)
            report[f"{task} {sampler}"] = {
                name: {
                    key: found[key][torch.tensor([k == name for k in cases.kinds])].nanmean().item()
                    for key in ("psnr", "psnr_in", "success", "identity")
                    if key in found
                }
                for name in names
            }
    return report
