"""The two sides of guidance, made from a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from yuragi.core import Denoiser
from yuragi.errors import InputError
from yuragi.guidance import Gain as Numerical
from yuragi.guidance import Guided, OnChannels, Stress
from yuragi.models.model import DiffusionModel
from yuragi.tasks.base import Guided as GuidedRequest
from yuragi.tasks.context import Context
from yuragi.tasks.guidance import Guidance

__all__ = ["away_from", "gain_of", "guided"]


def gain_of(guidance: Guidance) -> Numerical:
    """The numerical gain, with a memory of its own: one for each trajectory.

    Raises:
        InputError: a table whose levels do not rise.
    """
    gain = guidance.gain.make()
    return gain if guidance.channels is None else OnChannels(gain, guidance.channels)


def guided(
    request: GuidedRequest, context: Context, prompts: Sequence[str], times: Tensor, stress: Stress
) -> Guided:
    """The guided denoiser of a request.

    Args:
        request: names rule, gain, scale and negative prompt.
        context: with the model, and the weaker one if the request names one.
        prompts: of the rows, or one for all.
        times: the grid that is walked, [n + 1].
        stress: gauges the guidance.

    Raises:
        InputError: a weaker model that is named and not given, or that does not fit.
    """
    model = context.model
    rule, schedule = request.guidance.rule, model.denoiser.schedule
    weight = rule.weight(request.guidance_scale, schedule, times)
    away = _weak_side(request, context, prompts)
    return Guided(context.bind(prompts), away, weight, gain_of(request.guidance), stress)


def away_from(model: DiffusionModel, negative_prompt: str, scale: float) -> Denoiser:
    """The side of the negative prompt; at scale 1 it is never asked.

    Raises:
        InputError: an empty one, for a model to which empty means nothing.
    """
    if negative_prompt or model.capabilities.empty:
        return model.bind_bare([negative_prompt])
    if scale != 1:
        allowed = "a class to push away from, or a guidance scale of 1: empty means nothing here"
        raise InputError("negative_prompt", negative_prompt, allowed)
    return replace(model.denoiser)


def _weak_side(request: GuidedRequest, context: Context, prompts: Sequence[str]) -> Denoiser:
    """What guidance pushes away from: the negative prompt, or a weaker model's own view."""
    model, weak = context.model, context.weak
    if (request.weak_model is None) != (weak is None):
        allowed = "the loaded model that the request names as the weaker one, and no other"
        raise InputError("weak_model", request.weak_model, allowed)
    if weak is None:
        return away_from(model, request.negative_prompt, request.guidance_scale)
    if (weak.codec.channels, weak.side) != (model.codec.channels, model.side):
        mine = f"latents of {model.codec.channels} x {model.side} x {model.side}"
        raise InputError("weak_model", str(weak.path), f"a model with {mine}")
    if weak.denoiser.schedule != model.denoiser.schedule:
        raise InputError("weak_model", str(weak.path), "a model with the same noise levels")
    return weak.bind(prompts)
