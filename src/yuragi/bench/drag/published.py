"""What `yuragi.bench.drag.suite` compares with: nothing, a paste, and the published methods.

Pictures are (n, 3, h, w) in [-1, 1]. ODE-Drag and SDE-Drag run in batches of cases with as many
sub-drags; noise is keyed by the case, so a result does not depend on its batch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import torch
from PIL import Image
from torch import Tensor

from yuragi.adapters import DiffusionModel
from yuragi.bench.drag.cases import Cases
from yuragi.bench.drag.way import Way, box_radius, requested
from yuragi.bench.dragbench import Sample
from yuragi.bench.lora import knowing_anew
from yuragi.drag import handles
from yuragi.drag.paste import paste
from yuragi.recipe.build import drag_settings
from yuragi.recipe.context import mask_cells
from yuragi.recipe.paste_rows import PasteRows, paste_rows
from yuragi.recipe.pictures import from_tensor, mask_tensor, to_tensor
from yuragi.recipe.request import DragRequest, LoRA, PasteMethod

__all__ = ["nothing", "pasted", "pasted_one", "personal", "published"]

BATCH = 12
PERSONAL = 48
"""Cases with a LoRA, which takes longer than all other rows: the first of the suite, each kind and
length of motion without and with a mask."""


def nothing(model: DiffusionModel, cases: Cases, seed: int) -> Tensor:
    """The pictures before."""
    return cases.before


def pasted(model: DiffusionModel, cases: Cases, seed: int) -> Tensor:
    """The boxes of SDE-Drag copied in the clean latent, and nothing else: no diffusion."""
    return torch.cat([to_tensor(pasted_one(model, sample)) for sample in cases.samples])


def pasted_one(model: DiffusionModel, sample: Sample) -> Image.Image:
    """The same for one picture."""
    before = sample.image
    z = model.codec.encode(to_tensor(before).to(model.device))
    moves = handles(sample.points, model.codec.cell)
    radius = box_radius() * min(z.shape[-2:])
    after = paste(z, z, moves, radius, gain=1.0, keep=1.0, noise=torch.zeros_like(z))
    return _held(from_tensor(model.codec.decode(after, before.height, before.width))[0], sample)


def published(preset: str, sampler: str) -> Way:
    """SDE-Drag or ODE-Drag with a preset's settings."""

    def make(model: DiffusionModel, cases: Cases, seed: int) -> Tensor:
        made: dict[int, Tensor] = {}
        request = requested(cases.samples[0], preset, sampler, seed)[0]
        assert isinstance(request.method, PasteMethod)
        for at in _alike(model, cases, request, request.method):
            part = [cases.samples[k] for k in at]
            images = _batch(model, part, [cases.numbers[k] for k in at], request, request.method)
            made |= dict(zip(at, images, strict=True))
        return torch.cat([made[k] for k in range(len(cases))])

    return Way(f"{preset} {sampler}", make)


def personal(preset: str, rank: int) -> Way:
    """SDE-Drag with a LoRA of every picture, one after the other; its learning is counted too."""

    def make(model: DiffusionModel, cases: Cases, seed: int) -> Tensor:
        made = []
        for number, sample in zip(cases.numbers, cases.samples, strict=True):
            request, wanted = requested(sample, preset, "sde", seed)[0], LoRA(rank=rank)
            assert isinstance(request.method, PasteMethod)
            with knowing_anew(request, wanted, model, sample.image) as known:
                made += _batch(known, [sample], [number], request, request.method)
        return torch.cat(made)

    return Way(f"{preset} sde LoRA rank {rank}", make, PERSONAL)


def _alike(
    model: DiffusionModel, cases: Cases, request: DragRequest, method: PasteMethod
) -> list[list[int]]:
    """Positions of cases that need as many sub-drags, in batches."""
    drag = drag_settings(request, method)
    groups: dict[int, list[int]] = defaultdict(list)
    for k, sample in enumerate(cases.samples):
        side = min(sample.image.size) // model.codec.cell
        groups[drag.plan(handles(sample.points, model.codec.cell), side)].append(k)
    return [
        group[start : start + BATCH]
        for group in groups.values()
        for start in range(0, len(group), BATCH)
    ]


def _batch(
    model: DiffusionModel,
    part: Sequence[Sample],
    numbers: Sequence[int],
    request: DragRequest,
    method: PasteMethod,
) -> list[Tensor]:
    pixels = torch.cat([to_tensor(each.image) for each in part]).to(model.device)
    everywhere = torch.ones(1, 1, *pixels.shape[-2:])
    inside = torch.cat(
        [everywhere if each.mask is None else mask_tensor(each.mask) for each in part]
    )
    rows = PasteRows(
        model.codec.encode(pixels),
        [handles(each.points, model.codec.cell) for each in part],
        [each.prompt for each in part],
        numbers,
        mask_cells(inside.to(model.device), model),
    )
    *_, last = paste_rows(request, method, rows, model, lambda: None)
    after = from_tensor(model.codec.decode(last.latents, *pixels.shape[-2:]))
    return [to_tensor(_held(*row)) for row in zip(after, part, strict=True)]


def _held(after: Image.Image, sample: Sample) -> Image.Image:
    """The result; outside of the mask the picture before."""
    mask = sample.mask
    return after if mask is None else Image.composite(after, sample.image, mask)
