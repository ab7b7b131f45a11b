"""How good the shipped portrait model is, on the benchmark split that training never sees.

- ``psnr``: encode-decode round trips of real drawings, mean in dB;
- ``accuracy``: share of generated portraits in which a classifier trained on real drawings sees
  the attribute that the prompt names; beside it the same classifier on real drawings and on
  their round trips, which bound what can be reached.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from yuragi.errors import InputError
from yuragi.images.tensors import to_tensor
from yuragi.model import load
from yuragi.models.codec import Codec
from yuragi.research.bench.report import frame
from yuragi.research.train.autoencoder import arrays_to_tensor, codec_psnr
from yuragi.research.train.cache import cached
from yuragi.research.train.judge import accuracy, shipped_judge
from yuragi.research.train.portraits import Labels, caption

__all__ = ["JUDGED", "bench_portraits", "whole_caption"]

JUDGED = ("hair_colour", "clothes_colour", "skin", "background", "mouth")
"""The attributes of the headline average."""

STEPS, SCALE, SOLVER = 20, 3.0, "dpm++2m"


def bench_portraits(
    model: str,
    data: Path,
    n: int,
    seed: int,
    sheet: Path | None,
    device: torch.device,
    on_sample: Callable[[int, int], None],
) -> dict[str, Any]:
    """Measure a model with the shipped judge.

    Args:
        model: name or path.
        data: where drawings are cached.
        n: portraits of the benchmark split to use.
        seed: of the generated portraits.
        sheet: where to write a sheet of the first 40 generated portraits.
        device: where to run.
        on_sample: told (done, all) while pictures are drawn.
    """
    real, labels = cached("benchmark", n, data)
    judge = shipped_judge(device)
    loaded = load(model, str(device))
    codec = loaded.loaded.codec
    if not isinstance(codec, Codec):
        raise InputError("model", model, "a model with an autoencoder")
    decibels = codec_psnr(codec.autoencoder, real)
    real_tensor = arrays_to_tensor(real)
    back = torch.cat(
        [
            codec.decode(codec.encode(part), *part.shape[-2:]).cpu()
            for part in torch.split(real_tensor.to(device), 32)
        ]
    )
    pictures: list[Image.Image] = []
    evaluations = 0
    for k in range(n):
        result = loaded.sample(
            whole_caption(labels[k], seed, k),
            num_inference_steps=STEPS,
            guidance_scale=SCALE,
            solver=SOLVER,
            seed=seed + k,
        )
        pictures += result.images
        evaluations += result.evaluations
        on_sample(k + 1, n)
    generated = torch.cat([to_tensor(picture) for picture in pictures])
    if sheet is not None:
        _sheet(pictures[:40]).save(sheet)
    scores = {
        "generated": accuracy(judge, generated, labels),
        "real": accuracy(judge, real_tensor, labels),
        "round_trip": accuracy(judge, back, labels),
    }
    return frame("portraits", device, [seed], n) | {
        "model": Path(model).name,
        "settings": {"steps": STEPS, "guidance_scale": SCALE, "solver": SOLVER},
        "evaluations": evaluations,
        "psnr": decibels,
        "accuracy": scores,
        "mean_accuracy": {kind: _mean(table) for kind, table in scores.items()},
    }


def whole_caption(labels: Labels, seed: int, k: int) -> str:
    """The prompt of benchmark portrait `k`: all of its labels, in an order of its own."""
    return caption(labels, np.random.default_rng([seed, k]), empty=0.0, named=1.0)


def _mean(table: Mapping[str, float]) -> float:
    return math.fsum(table[name] for name in JUDGED) / len(JUDGED)


def _sheet(pictures: list[Image.Image]) -> Image.Image:
    side = pictures[0].width
    sheet = Image.new("RGB", (10 * side, math.ceil(len(pictures) / 10) * side), "white")
    for k, picture in enumerate(pictures):
        sheet.paste(picture, (k % 10 * side, k // 10 * side))
    return sheet
