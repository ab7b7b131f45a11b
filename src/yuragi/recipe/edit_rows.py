"""Editing several rows at once: candidates of one picture, or pictures with words of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from yuragi.adapters import DiffusionModel
from yuragi.core import Denoiser, SeededNoise
from yuragi.edit import Edit, descent, difference_mask
from yuragi.guidance import Guided, Stress, constant
from yuragi.recipe.request import DiffEditRequest, EditRequest, TranslateRequest
from yuragi.recipe.rules import away_from, gain_of, weak_side, weight_of
from yuragi.recipe.samplers import sampler_of
from yuragi.sample import Manipulation

__all__ = ["Rows", "disagreement", "edit_rows", "guided"]


@dataclass(frozen=True)
class Rows:
    """What is edited.

    Attributes:
        x0: clean latents (b, c, h, w).
        prompts: what the results show: one for each row, or one for all.
        source_prompts: what the pictures show, likewise; empty for tasks that do not ask.
        samples: identities of the rows, which key their noise.
        cells: (1 or b, 1, h, w), 1 where the latents may change; None for everywhere.
    """

    x0: Tensor
    prompts: Sequence[str]
    source_prompts: Sequence[str]
    samples: Sequence[int]
    cells: Tensor | None = None


def edit_rows(
    request: EditRequest,
    rows: Rows,
    model: DiffusionModel,
    weak: DiffusionModel | None,
    watch: Manipulation,
    stress: Stress,
) -> Tensor:
    """Edited clean latents, of x0's shape.

    Args:
        request: settings; its picture and prompts are not looked at.
        rows: pictures and prompts.
        model: that the request names.
        weak: the weaker model that it names, if it does.
        watch: called after every step.
        stress: gauges the guidance.
    """
    down = descent(model.denoiser.schedule, request.num_inference_steps, request.strength)
    target = guided(request, model, weak, rows.prompts, down, stress)
    source: Denoiser = target
    if isinstance(request, TranslateRequest | DiffEditRequest):
        # The same negative prompt on both sides: only what the picture shows may differ.
        strong, scale = model.bind_bare(rows.source_prompts), request.source_guidance_scale
        source = Guided(strong, away_from(model, request.negative_prompt, scale), constant(scale))
    edit = Edit(source, target, sampler_of(request))
    return edit(rows.x0, down, request.seed, rows.samples, rows.cells, watch)


def guided(
    request: EditRequest,
    model: DiffusionModel,
    weak: DiffusionModel | None,
    prompts: Sequence[str],
    down: Tensor,
    stress: Stress,
) -> Guided:
    """The denoiser of the results, for a descent."""
    weight = weight_of(request.guidance, request.guidance_scale, model.denoiser.schedule, down)
    away = weak_side(request, model, weak, prompts)
    return Guided(model.bind(prompts), away, weight, gain_of(request.guidance), stress)


def disagreement(request: DiffEditRequest, rows: Rows, model: DiffusionModel) -> Tensor:
    """Cells where DiffEdit may change the rows: (b, 1, h, w).

    Raises:
        InputError: a row whose prompts do not differ.
    """
    levels = descent(model.denoiser.schedule, request.num_inference_steps, request.mask_strength)
    return difference_mask(
        model.bind_bare(rows.source_prompts),
        model.bind(rows.prompts),
        rows.x0,
        levels[0],
        SeededNoise(request.seed, list(rows.samples), stream="difference"),
        request.mask_samples,
        request.mask_threshold,
    )
