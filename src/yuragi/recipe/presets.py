"""Named settings of a drag.

``paper`` is SDE-Drag as published (n 200, t0 0.6, r 5 and steps of 2 cells on a latent
of 64 cells, alpha 1.1, beta 0.3, guidance 1 to 3, eta 1). ``fast`` spends a quarter of the
levels, with a second-order solver on the way down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from yuragi.errors import InputError

__all__ = ["PRESETS", "DragPreset", "drag_preset"]


@dataclass(frozen=True)
class DragPreset:
    """The numbers of a drag that a preset decides; see `yuragi.recipe.request.DragRequest`.

    Attributes:
        solvers: the solver for each sampler.
    """

    solvers: Mapping[str, str]
    num_inference_steps: int
    strength: float = 0.6
    guidance_scale: float = 3.0
    radius: float = 5 / 64
    step: float = 2 / 64
    gain: float = 1.1
    keep: float = 0.3


_PAPER = DragPreset({"sde": "ddpm", "ode": "ddim"}, num_inference_steps=200)

PRESETS: Mapping[str, DragPreset] = {
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
