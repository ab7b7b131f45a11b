"""How good the shipped portrait model is, on the benchmark split that training never sees.

- ``psnr``: encode-decode round trips of real drawings, mean in dB;
- ``accuracy``: share of generated portraits in which a classifier trained on real drawings (the
  judge) sees the attribute that the prompt names, and its share on real drawings and on their round
  trips, which are upper bounds; ``of_real`` is the share for generated portraits divided by the
  share for real drawings;
- ``fd``: FD-EffLite0 (`yuragi.research.metrics.features`) of the generated portraits to the same
  number of drawings with the same labels; ``floor`` is the FD of the same number of other drawings.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from yuragi.images.tensors import to_tensor
from yuragi.research.bench.report import frame
from yuragi.research.metrics.features import load_features
from yuragi.research.metrics.frechet import frechet_distance
from yuragi.research.metrics.halves import halves_interval
from yuragi.research.train.autoencoder import arrays_to_tensor, levels_psnr
from yuragi.research.train.cache import cached
from yuragi.research.train.judge import JUDGED, accuracy, mean_accuracy, shipped_judge
from yuragi.research.train.measure import opened, portraits_of, round_trips, sheet_of
from yuragi.research.train.portraits import ATTRIBUTES

__all__ = ["JUDGED", "bench_portraits"]

SHOWN = 48
"""The number of portraits on the sheet."""


def bench_portraits(
    model: str,
    data: Path,
    n: int,
    seed: int,
    device: torch.device,
    on_sample: Callable[[int, int], None],
) -> tuple[dict[str, Any], Image.Image]:
    """Measure a model at its default settings with the shipped judge.

    Args:
        model: name or path.
        data: the folder in which drawings are cached.
        n: the number of portraits of the benchmark split to use.
        seed: the seed of the generated portraits.
        device: where to run.
        on_sample: called with (portraits generated, portraits in total).

    Returns:
        the report, and a sheet of the first generated portraits.

    Raises:
        InputError: the model has no autoencoder.
    """
    loaded, codec = opened(model, device)
    drawings, every = cached("benchmark", 2 * n, data)
    labels = every[:n]
    real, others = arrays_to_tensor(drawings[:n]), arrays_to_tensor(drawings[n:])
    pictures = portraits_of(loaded, labels, seed, on_sample)
    generated = torch.cat([to_tensor(picture) for picture in pictures])
    back = round_trips(codec, real, device)
    judge = shipped_judge(device)
    seen = {
        "generated": accuracy(judge, generated, labels),
        "real": accuracy(judge, real, labels),
        "round_trip": accuracy(judge, back, labels),
    }
    features = load_features(device)
    distance = partial(frechet_distance, b=features(real))
    report = frame("portraits", device, [seed], n) | {
        "model": Path(model).name,
        "weights": loaded.loaded.weights,
        "psnr": float(levels_psnr(back, real).mean()),
        "accuracy": seen,
        "of_real": {name: seen["generated"][name] / seen["real"][name] for name in ATTRIBUTES},
        "mean_accuracy": {kind: mean_accuracy(table) for kind, table in seen.items()},
        "fd": halves_interval(distance, features(generated))._asdict(),
        "floor": halves_interval(distance, features(others))._asdict(),
    }
    return report, sheet_of(pictures[:SHOWN])
