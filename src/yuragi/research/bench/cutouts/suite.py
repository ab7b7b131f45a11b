"""The suite of cut-outs: objects moved, rotated or scaled over photographs, with exact truth.

Every scene is dragged three times: by points alone, by points and a mask, and by a lasso. Scores
are those of `yuragi.research.bench.truth`. For drags by points alone there are also `folds` and
`tears` of the flow (`yuragi.research.bench.tears`), which are unwanted there.

Finished pictures are stored in the runs folder, so an interrupted run can be resumed. ``kept_from``
lists the commits and devices of stored pictures, other than those of this run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from yuragi.models.model import DiffusionModel
from yuragi.models.names import load_model
from yuragi.models.opening import Opening
from yuragi.research.bench.cutouts.rows import ROWS, Way, flow_on_grid
from yuragi.research.bench.cutouts.scenes import MOTIONS, Scene, scene
from yuragi.research.bench.elastic.fields import FIELDS, on_grid
from yuragi.research.bench.kept import Kept
from yuragi.research.bench.report import frame, origin
from yuragi.research.bench.scores import Scores, contrast, summary
from yuragi.research.bench.tears import folds, tears
from yuragi.research.bench.truth import Truth, TruthScorer
from yuragi.research.metrics.features import load_features
from yuragi.research.metrics.hed_lpips import load_hed_lpips
from yuragi.research.train.autoencoder import arrays_to_tensor

__all__ = ["bench_cutouts"]

PART = 12
"""The number of scenes that are scored together."""
WORST = 10
"""The number of scenes on the sheet: those where our method is farthest from the truth."""


def bench_cutouts(
    model: str,
    runs: Path,
    number: int,
    side: int,
    split: str,
    seed: int,
    device: torch.device,
    on_done: Callable[[int, int], None],
) -> tuple[dict[str, Any], Mapping[str, Tensor]]:
    """Run the suite.

    Args:
        model: the name or path of the model that generates content.
        runs: the runs folder; finished pictures are stored in its ``cutouts/``.
        number: the number of scenes; the kinds of motion alternate.
        side: the side of the pictures in pixels.
        split: ``validation`` or ``benchmark``.
        seed: the seed of all noise.
        device: where to run.
        on_done: called with (scenes done, scenes in total).

    Returns:
        a report, and pictures [k, 3, h, w] of the worst scenes for a sheet: before the drag, the
        truth, and our result for each kind of input.

    Raises:
        YuragiError: a package with pictures, or one for a metric, is missing.
    """
    loaded = load_model(model, Opening(device=str(device)))
    scorer = TruthScorer(load_features(device), load_hed_lpips())
    head = frame("cutouts", device, [seed], number)
    kept = Kept(runs / "cutouts" / loaded.weights, origin(head))
    scores: dict[str, dict[str, list[Scores]]] = {
        given: {name: [] for name in rows} for given, rows in ROWS.items()
    }
    kinds = [list(MOTIONS)[k % len(MOTIONS)] for k in range(number)]
    for first in range(0, number, PART):
        scenes = [scene(split, k, side) for k in range(first, min(first + PART, number))]
        for given, found in _scored(kept, scenes, first, loaded, seed, scorer).items():
            for name, values in found.items():
                scores[given][name].append(values)
        on_done(first + len(scenes), number)
    joined = {
        given: {name: _joined(parts) for name, parts in rows.items()}
        for given, rows in scores.items()
    }
    report = head | {
        "model": model,
        "weights": loaded.weights,
        "kept_from": kept.elsewhere,
        "side": side,
        "split": split,
        "given": {
            given: {
                "rows": {name: summary(table) for name, table in rows.items()},
                "ours_minus": {
                    name: contrast(_also_of(table, rows["ours"]), table)
                    for name, table in rows.items()
                    if name != "ours"
                },
                "psnr_by_kind": {
                    kind: {
                        name: float(table["psnr"][[each == kind for each in kinds]].mean())
                        for name, table in rows.items()
                    }
                    for kind in MOTIONS
                },
            }
            for given, rows in joined.items()
        },
    }
    return report, _worst(joined, split, side, loaded, seed)


def _scored(
    kept: Kept,
    scenes: Sequence[Scene],
    first: int,
    model: DiffusionModel,
    seed: int,
    scorer: TruthScorer,
) -> dict[str, dict[str, Scores]]:
    score = scorer.on(_known(scenes))
    found: dict[str, dict[str, Scores]] = {}
    for given, rows in ROWS.items():
        found[given] = {}
        for name, way in rows.items():
            requests = [way.request(one, seed + first + k) for k, one in enumerate(scenes)]
            made = partial(_made, way, scenes, model, seed + first)
            images, _ = kept.pictures(f"{given} {name} {first}", requests, made)
            whole = _whole(name, scenes) if given == "points" else {}
            found[given][name] = {**score(images), **whole}
    return found


def _made(
    way: Way, scenes: Sequence[Scene], model: DiffusionModel, seed: int
) -> tuple[Tensor, Tensor]:
    """A row's pictures of scenes, and an empty tensor in place of costs."""
    made = [way.make(one, model, seed + k) for k, one in enumerate(scenes)]
    return torch.cat(made), torch.empty(0)


def _whole(row: str, scenes: Sequence[Scene]) -> Scores:
    """The folds and tears of a row's flow; empty for a row without a flow."""
    flow = "ours" if row == "no network" else row
    if flow not in FIELDS:
        return {}
    backs = [flow_on_grid(flow, one) for one in scenes]
    side = len(scenes[0].before)
    still = on_grid(lambda places: places, side)
    return {
        "folds": torch.tensor([folds(back) for back in backs]).double(),
        "tears": torch.tensor([tears(back - still) for back in backs]).double(),
    }


def _known(scenes: Sequence[Scene]) -> Truth:
    before, truth = (
        arrays_to_tensor(np.stack([getattr(one, name) for one in scenes]))
        for name in ("before", "truth")
    )
    source, target = (
        torch.from_numpy(np.stack([getattr(one, name) for one in scenes]))
        for name in ("source", "target")
    )
    return Truth(before, truth, source, target, [one.points for one in scenes])


def _joined(parts: Sequence[Scores]) -> Scores:
    return {key: torch.cat([part[key] for part in parts]) for key in parts[0]}


def _also_of(table: Scores, ours: Scores) -> Scores:
    """The scores of our method that another row has too."""
    return {key: ours[key] for key in table}


def _worst(
    scores: Mapping[str, Mapping[str, Scores]],
    split: str,
    side: int,
    model: DiffusionModel,
    seed: int,
) -> Mapping[str, Tensor]:
    """Pictures of the scenes where our method with a mask is farthest from the truth."""
    order = scores["mask"]["ours"]["psnr"].argsort()[:WORST].tolist()
    scenes = [scene(split, k, side) for k in order]
    known = _known(scenes)
    shown = {"before": known.before, "truth": known.truth}
    for given, rows in ROWS.items():
        make = rows["ours"].make
        made = [make(one, model, seed + k) for k, one in zip(order, scenes, strict=True)]
        shown[given] = torch.cat(made)
    return shown
