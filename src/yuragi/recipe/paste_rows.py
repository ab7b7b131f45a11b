"""Copy-and-paste drags of several rows at once: pictures with points and words of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from yuragi.adapters import DiffusionModel
from yuragi.drag import DragStep, Handle, drag_latents, drag_levels
from yuragi.guidance import Guided, constant, ramp
from yuragi.recipe.build import drag_settings
from yuragi.recipe.request import DragRequest, PasteMethod
from yuragi.recipe.rules import away_from, gain_of

__all__ = ["PasteRows", "paste_rows"]


@dataclass(frozen=True)
class PasteRows:
    """What is dragged.

    Attributes:
        x0: clean latents (b, c, h, w).
        moves: of each row, in cells; all rows need as many sub-drags.
        prompts: one for each row, or one for all.
        samples: identities of the rows, which key their noise.
        cells: (1 or b, 1, h, w), 1 where the latents may change; None for everywhere.
    """

    x0: Tensor
    moves: Sequence[Sequence[Handle]]
    prompts: Sequence[str]
    samples: Sequence[int]
    cells: Tensor | None = None


def paste_rows(
    request: DragRequest,
    method: PasteMethod,
    rows: PasteRows,
    model: DiffusionModel,
    on_step: Callable[[], None],
) -> Iterator[DragStep]:
    """Drag the rows; yields after every sub-drag.

    Args:
        request: settings; its picture, points and prompt are not looked at.
        method: the request's.
        rows: pictures, points and prompts.
        model: that the request names.
        on_step: called after every solver step.
    """
    drag = drag_settings(request, method)
    schedule = model.denoiser.schedule
    levels = drag_levels(schedule, drag)
    # From exactly 1 at the cleanest level that the network reads, to the full scale at t0.
    scales = torch.linspace(request.guidance_scale, 1.0, len(levels) - 1)
    read = levels[:-1]
    weight = ramp(schedule, read, scales) if len(read) > 1 else constant(request.guidance_scale)
    strong = model.bind(rows.prompts)
    away = away_from(model, request.negative_prompt, request.guidance_scale)
    denoiser = Guided(strong, away, weight, gain_of(request.guidance))
    return drag_latents(
        denoiser, rows.x0, rows.moves, drag, request.seed, rows.samples, rows.cells, on_step
    )
