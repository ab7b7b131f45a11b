"""From a request's guidance rule to the two values that guidance is made of: weight and gain."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from torch import Tensor

from yuragi.adapters import DiffusionModel
from yuragi.core import Denoiser, Schedule
from yuragi.errors import InputError
from yuragi.guidance import (
    Gain,
    OnChannels,
    Progress,
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
from yuragi.recipe.guidance_rule import GuidanceRule
from yuragi.recipe.request import EditRequest, SampleRequest

__all__ = ["TABLE", "completed", "gain_of", "weak_side", "weight_of"]

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
        "interval": lambda: _interval(rule, scale, by_step(schedule, times)),
    }
    return makers[rule.rule]()


def _interval(rule: GuidanceRule, scale: float, progress: Progress) -> Weight:
    if rule.steps is not None:
        return interval(scale, *rule.steps, progress)
    return interval(scale, *(rule.interval or (0.0, float("inf"))))


def gain_of(rule: GuidanceRule) -> Gain:
    """The gain of a complete rule, with a memory of its own: one for each trajectory.

    Raises:
        InputError: a table whose levels do not rise.
    """
    makers: Mapping[str, Callable[[], Gain]] = {
        "plain": lambda: Unrectified(Ratio()) if rule.stress else plain,
        "reg": RowSum,
        "reg_forward": RowSumForward,
        "ratio": lambda: _ratio(rule),
        "scheduled": lambda: Scheduled(*zip(*(rule.table or ()), strict=True)),
    }
    gain = makers[rule.gain]()
    if rule.refresh > 1:
        gain = Refresh(gain, rule.refresh)
    return gain if rule.channels is None else OnChannels(gain, rule.channels)


def _ratio(rule: GuidanceRule) -> Gain:
    reach = _or(rule.reach, Ratio().reach)
    if isinstance(rule.gamma, tuple):
        return Ratio(SeparationGamma(*rule.gamma), reach)
    if rule.gamma == "auto":
        return Ratio(SeparationGamma(), reach)
    return Ratio(rule.gamma or 0.0, reach)


def weak_side(
    request: SampleRequest | EditRequest,
    model: DiffusionModel,
    weak: DiffusionModel | None,
    prompts: Sequence[str],
) -> Denoiser:
    """What guidance pushes away from: the negative prompt, or a weaker model's own view.

    Args:
        request: names the negative prompt and the weaker model.
        model: the strong one.
        weak: the weaker one, loaded, if the request names one.
        prompts: of the rows, which the weaker model is told too.

    Raises:
        InputError: a weaker model is named and not given, or has other latents or noise levels.
    """
    if (request.guidance.weak_model is None) != (weak is None):
        allowed = "the loaded model that the request names as the weaker one, and no other"
        raise InputError("weak_model", request.guidance.weak_model, allowed)
    if weak is None:
        return away_from(model, request.negative_prompt, request.guidance_scale)
    if (weak.codec.channels, weak.side) != (model.codec.channels, model.side):
        mine = f"latents of {model.codec.channels} x {model.side} x {model.side}"
        raise InputError("weak_model", str(weak.path), f"a model with {mine}")
    if weak.denoiser.schedule != model.denoiser.schedule:
        raise InputError("weak_model", str(weak.path), "a model with the same noise levels")
    return weak.bind(prompts)


def away_from(model: DiffusionModel, negative_prompt: str, scale: float) -> Denoiser:
    """The side of the negative prompt; at scale 1 nobody asks it.

    Raises:
        InputError: an empty one, for a model to which empty means nothing.
    """
    if negative_prompt or model.capabilities.empty:
        return model.bind_bare([negative_prompt])
    if scale != 1:
        allowed = "a class to push away from, or a guidance scale of 1: empty means nothing here"
        raise InputError("negative_prompt", negative_prompt, allowed)
    return replace(model.denoiser)


def completed(rule: GuidanceRule, folder: Path | None) -> GuidanceRule:
    """The rule with every default as a number, so that later defaults do not change it.

    Args:
        rule: as the caller gave it.
        folder: of the model, whose table the gain ``scheduled`` takes; None if it has none.

    Raises:
        InputError: there is no table there, or it is none.
    """
    found: dict[str, object] = {}
    if rule.rule == "linear":
        found["start"] = _or(rule.start, 1.0)
    if rule.rule == "cosine":
        found["power"] = _or(rule.power, 1.0)
    if rule.gain == "ratio":
        default, auto = Ratio(), SeparationGamma()
        found["reach"] = _or(rule.reach, default.reach)
        if rule.gamma is None:
            found["gamma"] = default.gamma
        elif rule.gamma == "auto":
            found["gamma"] = (auto.low, auto.high, auto.top)
    if rule.gain == "scheduled" and rule.table is None:
        found["table"] = _read_table(folder)
    return rule.model_copy(update=found)


def _read_table(folder: Path | None) -> tuple[tuple[float, float], ...] | None:
    path = Path(TABLE) if folder is None else folder / TABLE
    if folder is None or not path.is_file():
        allowed = f"a gain other than scheduled: there is no {TABLE} in {folder}"
        raise InputError("gain", "scheduled", allowed)
    try:
        return GuidanceRule(gain="scheduled", table=json.loads(path.read_text("utf-8"))).table
    except ValueError as error:
        raise InputError("gain", str(path), "pairs of sigma / alpha and rho") from error


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
