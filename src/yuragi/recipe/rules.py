"""From a request's guidance rule to the two values that guidance is made of: weight and gain."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from torch import Tensor

from yuragi.adapters import DiffusionModel
from yuragi.core import Denoiser, Schedule
from yuragi.errors import InputError
from yuragi.guidance import (
    Gain,
    Ratio,
    Refresh,
    RowSum,
    RowSumForward,
    Scheduled,
    SeparationGamma,
    Unrectified,
    Weight,
    by_step,
    constant,
    cosine,
    interval,
    linear,
    plain,
)
from yuragi.recipe.request import GuidanceRule, SampleRequest

__all__ = ["TABLE", "gain_of", "weak_side", "weight_of", "with_table"]

TABLE = "guidance_table.json"
"""File in a model's directory with the table of the gain ``scheduled``."""


def weight_of(rule: GuidanceRule, scale: float, schedule: Schedule, times: Tensor) -> Weight:
    """The weight of a rule for sampling on a grid of times.

    Raises:
        InputError: a value that the weight refuses.
    """
    makers: Mapping[str, Callable[[], Weight]] = {
        "cfg": lambda: constant(scale),
        "auto": lambda: constant(scale),
        "linear": lambda: linear(by_step(schedule, times), scale, _or(rule.start, 1.0)),
        "cosine": lambda: cosine(by_step(schedule, times), scale, _or(rule.power, 1.0)),
        "interval": lambda: interval(scale, *(rule.interval or (0.0, float("inf")))),
    }
    return makers[rule.rule]()


def gain_of(rule: GuidanceRule) -> Gain:
    """The gain of a complete rule, with a memory of its own: one for each trajectory.

    Raises:
        InputError: a table whose levels do not rise.
    """
    makers: Mapping[str, Callable[[], Gain]] = {
        "plain": lambda: Unrectified(Ratio()) if rule.stress else plain,
        "reg": RowSum,
        "reg_forward": RowSumForward,
        "ratio": lambda: Ratio(SeparationGamma() if rule.gamma == "auto" else _or(rule.gamma, 0.0)),
        "scheduled": lambda: Scheduled(*zip(*(rule.table or ()), strict=True)),
    }
    gain = makers[rule.gain]()
    return gain if rule.refresh == 1 else Refresh(gain, rule.refresh)


def weak_side(
    request: SampleRequest, model: DiffusionModel, weak: DiffusionModel | None
) -> Denoiser:
    """What guidance pushes away from: the negative prompt, or a weaker model's own view.

    Raises:
        InputError: the weaker model has other latents or other noise levels.
    """
    if weak is None:
        return model.bind([request.negative_prompt])
    if (weak.codec.channels, weak.side) != (model.codec.channels, model.side):
        mine = f"latents of {model.codec.channels} x {model.side} x {model.side}"
        raise InputError("weak_model", str(weak.path), f"a model with {mine}")
    if weak.denoiser.schedule != model.denoiser.schedule:
        raise InputError("weak_model", str(weak.path), "a model with the same noise levels")
    return weak.bind([request.prompt])


def with_table(rule: GuidanceRule, folder: Path) -> GuidanceRule:
    """The rule, complete: for the gain ``scheduled``, with the table of the model in a folder.

    Raises:
        InputError: there is no table there, or it is none.
    """
    if rule.gain != "scheduled" or rule.table is not None:
        return rule
    path = folder / TABLE
    if not path.is_file():
        allowed = f"a gain other than scheduled: there is no {TABLE} in {folder}"
        raise InputError("gain", "scheduled", allowed)
    try:
        table = GuidanceRule(gain="scheduled", table=json.loads(path.read_text("utf-8"))).table
        return rule.model_copy(update={"table": table})
    except ValueError as error:
        raise InputError("gain", str(path), "pairs of sigma / alpha and rho") from error


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
