"""Make the table of the gain `scheduled` for a portrait model, from held-out portraits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch

from yuragi.errors import InputError
from yuragi.models.model import DiffusionModel
from yuragi.research.metrics.mmse import Batch, mmse_ratio
from yuragi.research.train.autoencoder import arrays_to_tensor
from yuragi.research.train.cache import cached
from yuragi.research.train.portraits import Labels, caption
from yuragi.tasks.guidance.gains import TABLE

__all__ = ["captions_of", "write_table"]

BATCH = 32
LEVELS = tuple(float(level) for level in np.geomspace(0.02, 50, 18).round(4))
"""The values of sigma / alpha of the table's entries."""


def captions_of(labels: Sequence[Labels], seed: int) -> list[str]:
    """A caption of each portrait, keyed by (seed, its number), so that none depends on others."""
    return [
        caption(row, np.random.default_rng([seed, k]), empty=0.0) for k, row in enumerate(labels)
    ]


def write_table(
    model: DiffusionModel,
    data: Path,
    n: int,
    seed: int,
    on_progress: Callable[[int, int], None],
) -> Path:
    """Measure on `n` portraits of the validation split and write ``guidance_table.json``.

    Args:
        model: the model, into whose folder the table is written.
        data: the folder in which drawings are cached.
        n: the number of portraits.
        seed: the seed of noise and captions.
        on_progress: a function called with (batches done, all batches).

    Raises:
        InputError: the model is not from a folder.
    """
    folder = model.path
    if folder is None:
        raise InputError("model", model.capabilities.family, "a model from a folder")
    images, labels = cached("validation", n, data)
    captions = captions_of(labels, seed)
    batches, done = -(-n // BATCH), 0

    def rows() -> Iterator[Batch]:
        weak = model.bind([""])
        for start in range(0, n, BATCH):
            part = slice(start, min(start + BATCH, n))
            x0 = model.codec.encode(arrays_to_tensor(images[part]).to(model.device))
            yield Batch(x0, model.bind(captions[part]), weak)

    def tick() -> None:
        nonlocal done
        done += 1
        on_progress(done, batches)

    with torch.no_grad():
        table = mmse_ratio(model.denoiser.schedule, LEVELS, rows(), seed, tick)
    path = folder / TABLE
    pairs = [[level, round(rho, 4)] for level, rho in table]
    path.write_text(json.dumps(pairs) + "\n", encoding="utf-8")
    return path
