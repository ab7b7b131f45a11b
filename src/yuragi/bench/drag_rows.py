"""Ways to drag that `yuragi.bench.drag_suite` compares.

Pictures are (n, 3, h, w) in [-1, 1]. Published methods run in batches of cases with as many
sub-drags; noise is keyed by the case, so a result does not depend on its batch.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from PIL import Image
from torch import Tensor

from yuragi.adapters import DiffusionModel
from yuragi.bench.drag_cases import Cases
from yuragi.bench.dragbench import Sample
from yuragi.drag import PointPair, RegionPair, handles
from yuragi.drag.paste import paste
from yuragi.recipe.build import drag_request, drag_settings
from yuragi.recipe.context import mask_cells
from yuragi.recipe.paste_rows import PasteRows, paste_rows
from yuragi.recipe.pictures import from_tensor, mask_tensor, to_tensor
from yuragi.recipe.presets import PRESETS
from yuragi.recipe.request import DragRequest, LoRA, PasteMethod, WarpMethod
from yuragi.recipe.run import run

__all__ = ["ABLATIONS", "ROWS", "Way", "pasted_one", "published", "requested"]

Make: TypeAlias = Callable[[DiffusionModel, Cases, int], Tensor]
"""(model, cases, seed) -> pictures."""


@dataclass(frozen=True)
class Way:
    """A way to drag.

    Attributes:
        settings: all that decides its pictures, in words.
        make: makes them.
    """

    settings: str
    make: Make


BATCH = 12


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
    radius = _radius() * min(z.shape[-2:])
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
        for sample in cases.samples:
            request, sources = requested(sample, preset, "sde", seed)
            request = request.model_copy(update={"lora": LoRA(rank=rank)})
            made.append(to_tensor(run(request, model, sources).image))
        return torch.cat(made)

    return Way(f"{preset} sde LoRA rank {rank}", make)


def warped(sampler: str = "sde", doubt: float | None = None) -> Way:
    """Our own method.

    Args:
        sampler: sde, ode or adaptive.
        doubt: threshold other than the preset's; a large one imagines nothing, 0 everything.
    """

    def make(model: DiffusionModel, cases: Cases, seed: int) -> Tensor:
        made = []
        for sample in cases.samples:
            request, sources = requested(sample, "warp", sampler, seed)
            if doubt is not None:
                request = request.model_copy(update={"method": WarpMethod(doubt=doubt)})
            made.append(to_tensor(run(request, model, sources).image))
        return torch.cat(made)

    return Way(f"warp {sampler}" + ("" if doubt is None else f" doubt {doubt:g}"), make)


def boxed(model: DiffusionModel, cases: Cases, seed: int) -> Tensor:
    """Our own method, moving the boxes of SDE-Drag instead of what is under the points."""
    made = []
    for sample in cases.samples:
        side = min(sample.image.size)
        regions = [_box(pair, _radius() * side, side - 1) for pair in sample.points]
        request, sources = requested(sample, "warp", "sde", seed, regions)
        made.append(to_tensor(run(request, model, sources).image))
    return torch.cat(made)


ROWS: Mapping[str, Way] = {
    "nothing": Way("nothing", nothing),
    "paste": Way("paste", pasted),
    "ode": published("paper", "ode"),
    "paper": published("paper", "sde"),
    "paper, LoRA": personal("paper", 4),
    "ours": warped(),
}
ABLATIONS: Mapping[str, Way] = {
    "ours, warp alone": warped(doubt=1e9),
    "ours, all imagined": warped(doubt=0.0),
    "ours, ODE": warped("ode"),
    "ours, adaptive": warped("adaptive"),
    "ours, boxes": Way("warp sde boxes", boxed),
}


def requested(
    sample: Sample, preset: str, sampler: str, seed: int, regions: Sequence[RegionPair] = ()
) -> tuple[DragRequest, Mapping[str, Image.Image]]:
    """What a user would ask for, with nothing but the preset."""
    return drag_request(
        model="portraits",
        image=sample.image,
        points=() if regions else sample.points,
        regions=regions,
        prompt=sample.prompt,
        mask=sample.mask,
        sampler=sampler,
        preset=preset,
        seed=seed,
    )


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


def _radius() -> float:
    """Half the side of SDE-Drag's box, as a share of the shorter side."""
    method = PRESETS["paper"].method
    assert isinstance(method, PasteMethod)
    return method.radius


def _box(pair: PointPair, radius: float, last: int) -> RegionPair:
    """The box around a source, as a region that moves with it; `last` is the largest place."""
    (sx, sy), (tx, ty) = pair
    corners = [(sx + x * radius, sy + y * radius) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    source = tuple((min(max(x, 0.0), last), min(max(y, 0.0), last)) for x, y in corners)
    return source, tuple((x + tx - sx, y + ty - sy) for x, y in source)
