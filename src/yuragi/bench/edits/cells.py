"""Cells of `yuragi.bench.edits.suite`: a task, a sampler, steps and a scale on all cases."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from yuragi import __version__
from yuragi.adapters import DiffusionModel
from yuragi.bench.edits.cases import Cases
from yuragi.bench.kept import kept
from yuragi.device import wait_for
from yuragi.edit import watch
from yuragi.guidance import Stress
from yuragi.recipe.context import mask_cells
from yuragi.recipe.edit_rows import Rows, disagreement, edit_rows
from yuragi.recipe.request import DiffEditRequest, EditRequest, PictureRef, SDEditRequest
from yuragi.recipe.samplers import default_solver

__all__ = ["Cell", "Chosen", "Store"]

BATCH = 14


class Chosen(NamedTuple):
    """Settings that each task and sampler has of its own."""

    strength: float
    scale: float


@dataclass(frozen=True)
class Cell:
    """Results: [n, 3, h, w] as 8-bit levels on disk, and (evaluations, seconds) a picture."""

    images: Tensor
    spent: Tensor


@dataclass(frozen=True)
class Store:
    """Finished cells on disk; the file's name says all that decides one."""

    model: DiffusionModel
    seed: int
    folder: Path

    def cell(
        self, kind: type[EditRequest], cases: Cases, sampler: str, steps: int, chosen: Chosen
    ) -> Cell:
        name = kind.model_fields["kind"].default
        decides = [name, cases.split, len(cases), sampler, steps, *chosen, self.seed, __version__]
        stem = f"{name}-{sampler}-x{steps}-{cases.split}{len(cases)}"
        made = partial(self._made, kind, cases, sampler, steps, chosen)
        return Cell(*kept(self.folder, stem, decides, made))

    def _made(
        self, kind: type[EditRequest], cases: Cases, sampler: str, steps: int, chosen: Chosen
    ) -> tuple[Tensor, Tensor]:
        model, counter = self.model.counting()
        size = cases.before.shape[-1]
        # The words are the rows' own.
        described = {} if cases.is_hole or kind is SDEditRequest else {"source_prompt": "a person"}
        settings = {
            "model": "",
            "prompt": "",
            "image": PictureRef(name="", digest="", width=size, height=size),
            "seed": self.seed,
            "sampler": sampler,
            "solver": default_solver(sampler, None),
            "num_inference_steps": steps,
            "strength": chosen.strength,
            "guidance_scale": chosen.scale,
        }
        request = kind.model_validate(settings | described)
        seconds, made = 0.0, list[Tensor]()
        for start in range(0, len(cases), BATCH):
            part = slice(start, min(start + BATCH, len(cases)))
            before = cases.before[part].to(model.device)
            wait_for(model.device)
            began = time.perf_counter()
            made.append(self._batch(request, cases, part, before, model).cpu())
            wait_for(model.device)
            seconds += time.perf_counter() - began
        spent = torch.tensor([counter.evaluations, seconds], dtype=torch.float64) / len(cases)
        return torch.cat(made), spent

    def _batch(
        self,
        request: EditRequest,
        cases: Cases,
        part: slice,
        before: Tensor,
        model: DiffusionModel,
    ) -> Tensor:
        """Edited pictures [b, 3, h, w], outside of a mask the picture before."""
        samples = list(range(part.start, part.stop))
        rows = Rows(
            model.codec.encode(before),
            cases.prompts[part],
            cases.source_prompts[part],
            samples,
        )
        cells: Tensor | None = None
        inside = torch.ones_like(before[:, :1])
        if cases.is_hole:
            inside = cases.change[part, None].to(before)
            cells = mask_cells(inside, model)
        elif isinstance(request, DiffEditRequest):
            cells = disagreement(request, rows, model)
            inside = torch.nn.functional.interpolate(cells, scale_factor=model.codec.cell)
        rows = Rows(rows.x0, rows.prompts, rows.source_prompts, samples, cells)
        z = edit_rows(request, rows, model, None, watch(lambda: None), Stress())
        after = model.codec.decode(z, *before.shape[-2:])
        return torch.where(inside > 0, after, before)
