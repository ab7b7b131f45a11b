r"""Our guidance in a pipeline of diffusers, while a ``with`` block lasts.

    with patch(pipe, GuidanceRule(gain="reg_forward")):
        image = pipe("a cat", guidance_scale=5).images[0]

The pipeline keeps its loop, its scheduler and its formula

    p = p_uncond + scale (p_cond - p_uncond)

and asks its network for both at once. While patched, the network answers with p_cond as it is and

    p_uncond' = p_cond - F (p_cond - p_uncond)

so that the formula gives p_cond + (scale - 1) F (p_cond - p_uncond), for any gain and any kind of
prediction. Nothing else in the pipeline changes, and afterwards nothing has changed at all.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor

from yuragi.adapters.families import FAMILIES
from yuragi.core import Condition, Direct, NetworkDenoiser
from yuragi.errors import InputError
from yuragi.recipe.guidance_rule import GuidanceRule
from yuragi.recipe.rules import completed, gain_of

__all__ = ["patch"]

UNCONDITIONAL_FIRST = {
    "StableDiffusionPipeline": True,
    "StableDiffusionXLPipeline": True,
    "DiTPipeline": False,
}
"""Which half of a batch is the side to push away from."""

NESTED = "added_cond_kwargs"


@contextlib.contextmanager
def patch(
    pipeline: Any, guidance: GuidanceRule, guidance_scale: float | None = None
) -> Iterator[Any]:
    """The pipeline with another gain.

    Args:
        pipeline: a Stable Diffusion, Stable Diffusion XL or DiT pipeline.
        guidance: its gain; the rule must be ``cfg``, the pipeline has its own scale.
        guidance_scale: the one that the pipeline will be called with, where the gain depends on it
            (``ratio``, ``scheduled``); by default asked of the pipeline.

    Raises:
        InputError: another pipeline, or a rule that would need another loop.
    """
    name = type(pipeline).__name__
    if name not in UNCONDITIONAL_FIRST:
        allowed = "a pipeline of class " + ", ".join(UNCONDITIONAL_FIRST)
        raise InputError("pipeline", name, allowed)
    if guidance.rule != "cfg":
        raise InputError("guidance", guidance.rule, "cfg: the pipeline has its own loop")
    parts = FAMILIES[name](pipeline)
    module = parts.module
    if not isinstance(parts.prediction, Direct):
        raise InputError("pipeline", name, "a network that predicts eps, v, x0 or flow")
    kind, schedule = parts.prediction, parts.schedule
    gain, original = gain_of(completed(guidance, None)), module.forward
    away_first = UNCONDITIONAL_FIRST[name]

    def scale() -> float:
        found = guidance_scale or getattr(pipeline, "guidance_scale", None)
        if found is None:
            raise InputError(
                "guidance_scale", None, "a number: this pipeline does not tell its own"
            )
        return float(found)

    def forward(sample: Tensor, timestep: Tensor, *given: Any, **named: Any) -> Any:
        if given:
            named["encoder_hidden_states"] = given[0]
        told, rest = _told(named, len(sample))
        doubled = getattr(pipeline, "do_classifier_free_guidance", True)
        if not doubled or len(sample) % 2:
            return original(sample, timestep, **named)
        first, second = ({k: v.chunk(2)[i] for k, v in told.items()} for i in (0, 1))
        strong_told, weak_told = (second, first) if away_first else (first, second)
        x, t = sample.chunk(2)[0], torch.as_tensor(timestep).flatten()[0].double().cpu()
        extra: list[Tensor] = []

        def network(state: Tensor, time: Tensor, condition: Condition | None) -> Tensor:
            out: Tensor = original(
                state.to(sample.dtype), _like(timestep, time), **_named(condition or {}, rest)
            )[0]
            extra.append(out[: len(x), x.shape[1] :])  # a variance beside the mean
            return out[:, : x.shape[1]]

        strong, weak = (
            NetworkDenoiser(network, schedule, kind, side) for side in (strong_told, weak_told)
        )
        alpha, sigma = (value.float().to(x.device) for value in schedule(t))
        weight = torch.tensor(scale() - 1, dtype=torch.float64)
        guidance_now = gain(strong, weak, x.float(), t, weight)
        outs = [
            kind.target(x0, (x.float() - alpha * x0) / sigma, alpha, sigma)
            for x0 in (guidance_now.x0, guidance_now.x0 - guidance_now.direction)
        ]
        both = torch.cat(outs[::-1] if away_first else outs).to(sample.dtype)
        variance = extra[0].repeat(2, 1, 1, 1)
        answer = torch.cat([both, variance.to(both)], 1)
        if named.get("return_dict", True):
            from diffusers.models.modeling_outputs import Transformer2DModelOutput

            return Transformer2DModelOutput(sample=answer)
        return (answer,)

    module.forward = forward
    try:
        yield pipeline
    finally:
        del module.forward


def _told(named: Mapping[str, Any], rows: int) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What differs by row, flat and by name; and the rest."""
    told: dict[str, Tensor] = {}
    rest = dict(named)
    for name in ("encoder_hidden_states", "class_labels"):
        value = rest.pop(name, None)
        if value is not None:
            told[name] = value
    added = rest.pop(NESTED, None)
    if added is not None:
        told |= {f"{NESTED}.{name}": value for name, value in added.items() if value is not None}
    for name, value in told.items():
        if len(value) != rows:
            raise InputError(name, len(value), f"as many rows as the batch: {rows}")
    return told, rest


def _named(condition: Condition, rest: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that the network is called with."""
    prefix = NESTED + "."
    plain = {name: value for name, value in condition.items() if not name.startswith(prefix)}
    added = {
        name.removeprefix(prefix): value
        for name, value in condition.items()
        if name.startswith(prefix)
    }
    return {**rest, **plain, **({NESTED: added} if added else {}), "return_dict": False}


def _like(timestep: Tensor, time: Tensor) -> Tensor:
    """Time for a batch, in the type that the pipeline gave it in."""
    return time.to(torch.as_tensor(timestep).dtype)
