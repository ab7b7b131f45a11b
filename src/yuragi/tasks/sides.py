"""The two sides of guidance of a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from yuragi.core import Denoiser
from yuragi.errors import InputError
from yuragi.guidance import Gain as Numerical
from yuragi.guidance import Guided, OnChannels, Watch
from yuragi.models.model import DiffusionModel
from yuragi.tasks.base import Guided as GuidedRequest
from yuragi.tasks.context import Context
from yuragi.tasks.guidance import Guidance

__all__ = ["away_from", "gain_of", "guided"]


def gain_of(guidance: Guidance) -> Numerical:
    """Make the numerical gain. It has a memory, so make one per trajectory.

    Raises:
        InputError: the levels of a table do not rise.
    """
    gain = guidance.gain.make()
    return gain if guidance.channels is None else OnChannels(gain, guidance.channels)


def guided(
    request: GuidedRequest, context: Context, prompts: Sequence[str], times: Tensor, watch: Watch
) -> Guided:
    """The guided denoiser of a request.

    Args:
        request: the request with rule, gain, scale and negative prompt.
        context: the context with the model, and the weaker model if the request has one.
        prompts: the prompts of the rows, or one for all rows.
        times: the falling time grid [n + 1].
        watch: called after every guided evaluation, such as a gauge of over-guidance.

    Raises:
        InputError: the weaker model is missing or does not fit, or the model cannot denoise at the
            first time; no network is called.
    """
    model = context.model
    model.denoiser.check(times[0])  # the noisiest
    rule, schedule = request.guidance.rule, model.denoiser.schedule
    weight = rule.weight(request.guidance_scale, schedule, times)
    away = _weak_side(request, context, prompts)
    return Guided(context.bind(prompts), away, weight, gain_of(request.guidance), watch)


def away_from(model: DiffusionModel, negative_prompt: str, off: bool) -> Denoiser:
    """The denoiser of the negative prompt.

    Args:
        model: the model.
        negative_prompt: the prompt to push away from.
        off: whether guidance is off, so that this denoiser is not evaluated.

    Raises:
        InputError: the negative prompt is empty, and the model does not support empty prompts.
    """
    if negative_prompt or model.capabilities.empty:
        return model.bind_bare([negative_prompt])
    if not off:
        allowed = "a class to push away from, or a guidance scale of 1: empty means nothing here"
        raise InputError("negative_prompt", negative_prompt, allowed)
    return replace(model.denoiser)


def _weak_side(request: GuidedRequest, context: Context, prompts: Sequence[str]) -> Denoiser:
    """The weak side of guidance: the negative prompt, or a weaker model."""
    model, weak = context.model, context.weak
    if (request.weak_model is None) != (weak is None):
        allowed = "the loaded model that the request names as the weaker one, and no other"
        raise InputError("weak_model", request.weak_model, allowed)
    if weak is None and model.bare is None and set(prompts) == {request.negative_prompt}:
        # Two sides with one condition are evaluated once, and their difference is 0.
        return replace(context.bind(prompts))
    if weak is None:
        off = request.guidance.rule.is_off(request.guidance_scale)
        return away_from(model, request.negative_prompt, off)
    if (weak.codec.channels, weak.side) != (model.codec.channels, model.side):
        mine = f"latents of {model.codec.channels} x {model.side} x {model.side}"
        raise InputError("weak_model", str(weak.path), f"a model with {mine}")
    if weak.denoiser.schedule != model.denoiser.schedule:
        raise InputError("weak_model", str(weak.path), "a model with the same noise levels")
    return weak.bind(prompts)
