"""The share of known and of foreign pictures that a portrait model considers foreign.

A picture is considered foreign if its familiarity is below the minimum for known pictures. Shares
have exact 95 % intervals of a binomial proportion (Clopper and Pearson 1934).
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from scipy.stats import binomtest

from yuragi.errors import InputError
from yuragi.images.resize import centred
from yuragi.images.tensors import to_tensor
from yuragi.model import load
from yuragi.models.familiarity import (
    KNOWN,
    Calibration,
    calibration_of,
    familiarity,
    features,
)
from yuragi.models.model import DiffusionModel
from yuragi.research.bench.familiarity.foreign import (
    drawing,
    in_folder,
    other_styles,
    photographed,
)
from yuragi.research.bench.familiarity.known import EDITED, dragged, held_out
from yuragi.research.bench.report import frame
from yuragi.tasks.context import batches

__all__ = ["bench_familiarity"]

TIMED = 10


def bench_familiarity(
    model: str,
    n: int,
    each: int,
    folders: Sequence[Path],
    device: torch.device,
    on_group: Callable[[int, int], None],
) -> dict[str, Any]:
    """Measure the familiarity of known and foreign pictures.

    Args:
        model: the name or path of a portrait model with a calibration.
        n: the number of held-out portraits; each kind of edit gets a fifth as many.
        each: the number of drawings of each style, and the minimum number of pictures of each
            folder; there are twice as many photographs.
        folders: additional folders of foreign pictures, which are not portraits.
        device: where to run.
        on_group: called with (groups done, groups in total).

    Raises:
        InputError: the model has no calibration, a folder contains no pictures, or two folders have
            the same name in the report.
    """
    named = {"/".join(folder.parts[-2:]): folder for folder in folders}
    if len(named) < len(folders):
        given = ", ".join(map(str, folders))
        reason = "a folder is called by the last two parts of its path, and two have the same"
        raise InputError("pictures", given, "folders that differ in these parts", reason)
    opened = load(model, str(device))
    loaded = opened.loaded
    known, size = calibration_of(loaded), loaded.native_size
    if known is None:
        allowed = "a model with a calibration (yuragi models check --pictures)"
        raise InputError("model", model, allowed)
    few, styles = n // 5, other_styles()
    groups: dict[tuple[str, str], Iterable[Image.Image]] = {
        ("known", "held-out portraits"): (held_out(k, size) for k in range(n)),
        **{("known", name): _edited(name, few, size) for name in EDITED},
        ("known", "dragged"): dragged(opened, few),
        ("pictures", "scikit-image, scikit-learn"): photographed(2 * each, size),
        **{("pictures", name): in_folder(folder, each, size) for name, folder in named.items()},
        **{("styles", name): _drawn(name, each, size) for name in styles},
    }
    found: dict[str, dict[str, Any]] = {"known": {}, "pictures": {}, "styles": {}}
    values: dict[str, list[float]] = {kind: [] for kind in found}
    for done, ((kind, name), pictures) in enumerate(groups.items()):
        measured = _measured(loaded, known, pictures)
        found[kind][name] = _summary(measured)
        values[kind] += measured
        on_group(done + 1, len(groups))
    return frame("familiarity", device, [], sum(map(len, values.values()))) | {
        "model": Path(model).name,
        "weights": loaded.weights,
        "calibrated_on": known.pictures,
        "cpu_milliseconds": _milliseconds(loaded, held_out(0, size)),
        "groups": found,
        "pictures": _summary(values["pictures"]),
        "styles": _summary(values["styles"]),
    }


def _edited(name: str, n: int, size: int) -> Iterable[Image.Image]:
    return (EDITED[name](k, size) for k in range(n))


def _drawn(style: str, n: int, size: int) -> Iterable[Image.Image]:
    return (drawing(style, k, size) for k in range(n))


def _measured(
    model: DiffusionModel, known: Calibration, pictures: Iterable[Image.Image]
) -> list[float]:
    """The familiarity of every picture."""
    found: list[float] = []
    for part in batches(list(pictures)):
        images = torch.cat([to_tensor(centred(one, model.native_size)) for one in part])
        found += (known.limit / known.distance(features(model, images))).tolist()
    return found


def _summary(values: Sequence[float]) -> dict[str, Any]:
    """The share of foreign pictures, its interval, and the quartiles of the familiarity."""
    below = sum(value < KNOWN for value in values)
    interval = binomtest(below, len(values)).proportion_ci(0.95, "exact")
    return {
        "n": len(values),
        "foreign": below / len(values),
        "interval": [float(interval.low), float(interval.high)],
        "quartiles": statistics.quantiles(values, n=4),
    }


def _milliseconds(model: DiffusionModel, picture: Image.Image) -> float:
    """The median processor time in milliseconds of measuring one picture."""
    took = []
    for _ in range(TIMED):
        start = time.process_time()
        familiarity(model, picture)
        took.append(time.process_time() - start)
    return 1000 * statistics.median(took)
