"""Options that every edit by words has, declared once and added to each command's own.

Typer reads a command's signature. `with_shared` gives it one: the command's own parameters, and the
fields of `Shared` in place of its parameter ``shared``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, get_type_hints

from yuragi.cli.options import (
    CandidatesOption,
    DeviceOption,
    EmbedOption,
    EtaOption,
    GainOption,
    GammaOption,
    ModelOption,
    NegativeOption,
    OverwriteOption,
    PixelsOption,
    QuietOption,
    RefreshOption,
    ResizeOption,
    SamplerOption,
    ScaleOption,
    SeedOption,
    SolverOption,
    StepsOption,
    StrengthOption,
    number_or_word,
)

__all__ = ["Shared", "with_shared"]


@dataclass(frozen=True)
class Shared:
    """What the user said with the options that all edits have."""

    negative_prompt: NegativeOption = ""
    number: CandidatesOption = 1
    sampler: SamplerOption = "sde"
    steps: StepsOption = None
    strength: StrengthOption = None
    scale: ScaleOption = None
    gain: GainOption = "plain"
    gamma: GammaOption = None
    refresh: RefreshOption = 1
    solver: SolverOption = None
    eta: EtaOption = None
    seed: SeedOption = None
    model: ModelOption = "portraits"
    device: DeviceOption = None
    embed: EmbedOption = True
    max_pixels: PixelsOption = 40_000_000
    resize: ResizeOption = None
    overwrite: OverwriteOption = False
    quiet: QuietOption = False

    def values(self) -> dict[str, Any]:
        """The part of them that a request is built from; errors as `GuidanceRule`."""
        from yuragi.recipe.guidance_rule import GuidanceRule

        rule = GuidanceRule(gain=self.gain, gamma=number_or_word(self.gamma), refresh=self.refresh)
        return {
            "model": self.model,
            "max_pixels": self.max_pixels,
            "resize": self.resize,
            "negative_prompt": self.negative_prompt,
            "num_images": self.number,
            "sampler": self.sampler,
            "num_inference_steps": self.steps,
            "strength": self.strength,
            "guidance_scale": self.scale,
            "guidance": rule,
            "solver": self.solver,
            "eta": self.eta,
            "seed": self.seed,
        }


def with_shared(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the fields of `Shared` as options instead of its parameter `shared`."""
    own = [p for name, p in inspect.signature(command).parameters.items() if name != "shared"]
    more = list(inspect.signature(Shared).parameters.values())
    hints = get_type_hints(command, include_extras=True)
    hints |= get_type_hints(Shared, include_extras=True)
    keyword = inspect.Parameter.KEYWORD_ONLY

    @wraps(command)
    def run(**given: Any) -> None:
        shared = Shared(**{p.name: given.pop(p.name) for p in more})
        command(**given, shared=shared)

    parameters = [p.replace(kind=keyword, annotation=hints[p.name]) for p in [*own, *more]]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: hints[p.name] for p in [*own, *more]}
    return run
