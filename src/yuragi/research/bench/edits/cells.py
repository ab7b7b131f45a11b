"""Cells of the suite of edits: a task, a sampler, a number of steps and settings on all cases."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from yuragi.device import wait_for
from yuragi.images.tensors import from_tensor, to_tensor
from yuragi.models.model import DiffusionModel
from yuragi.research.bench.edits.cases import Cases
from yuragi.research.bench.kept import Kept
from yuragi.tasks.base import Described, Edit
from yuragi.tasks.build import build
from yuragi.tasks.run import run_all

__all__ = ["Cell", "Chosen", "Store"]

Built: TypeAlias = tuple[Edit, Mapping[str, Image.Image]]
"""A request, and its pictures."""


class Chosen(NamedTuple):
    """The settings that are chosen separately for each task and sampler."""

    strength: float
    scale: float


@dataclass(frozen=True)
class Cell:
    """The results [n, 3, h, w], 8-bit levels on disk, and (evaluations, seconds) per picture."""

    images: Tensor
    spent: Tensor


@dataclass(frozen=True)
class Store:
    """Cells, which are made or read from disk."""

    model: DiffusionModel
    seed: int
    kept: Kept

    def cell(
        self, kind: type[Edit], cases: Cases, sampler: str, steps: int, chosen: Chosen
    ) -> Cell:
        name = kind.model_fields["kind"].default
        built = [
            build(kind, self._asked(kind, cases, k, sampler, steps, chosen))
            for k in range(len(cases))
        ]
        stem = f"{name} {sampler} x{steps} {cases.split}{len(cases)}"
        requests = [request for request, _ in built]
        return Cell(*self.kept.pictures(stem, requests, partial(self._made, built)))

    def _made(self, built: Sequence[Built]) -> tuple[Tensor, Tensor]:
        """The results, and (evaluations, seconds) per picture."""
        sources = {key: picture for _, held in built for key, picture in held.items()}
        wait_for(self.model.device)
        began = time.perf_counter()
        results = run_all([request for request, _ in built], self.model, sources)
        wait_for(self.model.device)
        seconds = time.perf_counter() - began
        evaluations = sum(each.evaluations for each in results)
        spent = torch.tensor([evaluations, seconds], dtype=torch.float64) / len(built)
        return torch.cat([to_tensor(each.image) for each in results]), spent

    def _asked(
        self, kind: type[Edit], cases: Cases, k: int, sampler: str, steps: int, chosen: Chosen
    ) -> dict[str, Any]:
        """The request of a user in case k; every case has its own seed."""
        asked: dict[str, Any] = {
            "image": from_tensor(cases.before[k : k + 1])[0],
            "prompt": cases.prompts[k],
            "seed": self.seed + k,
            "sampler": sampler,
            "num_inference_steps": steps,
            "strength": chosen.strength,
            "guidance_scale": chosen.scale,
        }
        if cases.is_hole:
            asked["mask"] = Image.fromarray(cases.change[k].numpy().astype(np.uint8) * 255)
        if issubclass(kind, Described):
            asked["source_prompt"] = cases.source_prompts[k]
        return asked
