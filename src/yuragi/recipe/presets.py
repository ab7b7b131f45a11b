"""Named settings of a drag.

``warp`` is Yuragi's own method: one warp, and second-order SDE steps where it uncovers something.
``paper`` is SDE-Drag as published (n 200, t0 0.6, r 5 and steps of 2 cells on a latent of 64 cells,
alpha 1.1, beta 0.3, guidance 1 to 3, eta 1). ``fast`` is the same with a quarter of the levels and
a second-order solver on the way down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from yuragi.errors import InputError
from yuragi.recipe.request import PasteMethod, WarpMethod

__all__ = ["PRESETS", "DragPreset", "drag_preset"]


@dataclass(frozen=True)
class DragPreset:
    """The numbers of a drag that a preset decides; see `yuragi.recipe.request.DragRequest`.

    Attributes:
        solvers: the solver for each sampler.
    """

    method: PasteMethod | WarpMethod
    solvers: Mapping[str, str]
    num_inference_steps: int
    strength: float
    guidance_scale: float


_PAPER = DragPreset(
    PasteMethod(radius=5 / 64, step=2 / 64, gain=1.1, keep=0.3),
    {"sde": "ddpm", "ode": "ddim"},
    num_inference_steps=200,
    strength=0.6,
    guidance_scale=3.0,
)

PRESETS: Mapping[str, DragPreset] = {
    "warp": DragPreset(
        WarpMethod(doubt=0.1),
        {"sde": "sde-dpm++2m", "ode": "dpm++2m", "adaptive": "ddim"},
        num_inference_steps=20,
        strength=0.5,
        guidance_scale=2.0,
    ),
    "paper": _PAPER,
    "fast": replace(
        _PAPER, solvers={"sde": "sde-dpm++2m", "ode": "dpm++2m"}, num_inference_steps=50
    ),
}


def drag_preset(name: str) -> DragPreset:
    """A preset by name.

    Raises:
        InputError: no such preset.
    """
    if name not in PRESETS:
        raise InputError("preset", name, "one of " + ", ".join(PRESETS))
    return PRESETS[name]
