r"""Guidance of Yuragi in a pipeline of diffusers, inside a ``with`` block.

    with patch(pipe, "reg_forward"):
        image = pipe("a cat", guidance_scale=5).images[0]

The pipeline keeps its loop, its scheduler and its formula

    p = p_uncond + scale (p_cond - p_uncond)

and evaluates its network for both in one batch. While patched, the network returns p_cond unchanged
and

    p_uncond' = p_cond - F (p_cond - p_uncond)

so that the formula gives p_cond + (scale - 1) F (p_cond - p_uncond), for any gain and any kind of
prediction. Nothing else in the pipeline changes, and the network is restored afterwards; see
`yuragi.diffusers.calls`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from yuragi.core import Condition, Direct, NetworkDenoiser, Schedule
from yuragi.diffusers.calls import answered
from yuragi.errors import InputError
from yuragi.guidance import Gain
from yuragi.models.families import FAMILIES
from yuragi.tasks.guidance import Guidance
from yuragi.tasks.sides import gain_of

__all__ = ["patch"]

UNCONDITIONAL_FIRST = {
    "StableDiffusionPipeline": True,
    "StableDiffusionXLPipeline": True,
    "DiTPipeline": False,
}
"""Whether the weak side of guidance is the first half of a batch."""

NESTED = "added_cond_kwargs"


@contextlib.contextmanager
def patch(
    pipeline: Any, guidance: Guidance | str, guidance_scale: float | None = None
) -> Iterator[Any]:
    """Use another gain in a pipeline, in any precision of its network.

    The network can be offloaded, compiled or hooked. A nested patch replaces the outer one.

    Args:
        pipeline: a Stable Diffusion, Stable Diffusion XL or DiT pipeline.
        guidance: the guidance, of which the gain is used. The rule must be ``cfg``, because the
            pipeline applies its own scale.
        guidance_scale: the scale of the pipeline's call, for gains that depend on it (``ratio``,
            ``scheduled``); by default it is read from the pipeline.

    Raises:
        InputError: the pipeline is not supported, or the rule would need another loop.
    """
    name = type(pipeline).__name__
    if name not in UNCONDITIONAL_FIRST:
        allowed = "a pipeline of class " + ", ".join(UNCONDITIONAL_FIRST)
        raise InputError("pipeline", name, allowed)
    guidance = Guidance.of(guidance)
    if guidance.rule.name != "cfg":
        raise InputError("guidance", guidance.rule.name, "cfg: the pipeline has its own loop")
    parts = FAMILIES[name].parts(pipeline)
    if not isinstance(parts.prediction, Direct):
        raise InputError("pipeline", name, "a network that predicts eps, v, x0 or flow")
    answer = _Answer(
        pipeline,
        parts.module,
        parts.prediction,
        parts.schedule,
        _FreshGain(guidance.complete(None)),
        guidance_scale,
        UNCONDITIONAL_FIRST[name],
    )
    with answered(parts.module, answer):
        yield pipeline


@dataclass(frozen=True)
class _Answer:
    """The replacement of the network's calls while a pipeline is patched."""

    pipeline: Any
    module: nn.Module
    kind: Direct
    schedule: Schedule
    gain: _FreshGain
    guidance_scale: float | None
    away_first: bool

    def __call__(self, sample: Tensor, timestep: Tensor, *given: Any, **named: Any) -> Any:
        if not self._guided:
            return self.module(sample, timestep, *given, **named)
        if given:
            named["encoder_hidden_states"] = given[0]
        told, rest = _told(named, len(sample))
        first, second = ({k: v.chunk(2)[i] for k, v in told.items()} for i in (0, 1))
        strong_told, weak_told = (second, first) if self.away_first else (first, second)
        x, t = sample.chunk(2)[0].float(), torch.as_tensor(timestep).flatten()[0].double().cpu()
        network = _Network(self.module, sample.dtype, torch.as_tensor(timestep).dtype, rest)
        strong, weak = (
            NetworkDenoiser(network, self.schedule, self.kind, side)
            for side in (strong_told, weak_told)
        )
        alpha, sigma = (value.float().to(x.device) for value in self.schedule(t))
        weight = torch.tensor(self._scale - 1, dtype=torch.float64)
        gain = self.gain.of_run(self.pipeline.scheduler.timesteps)
        found = gain(strong, weak, x, t, weight)
        outs = [
            self.kind.target(x0, (x - alpha * x0) / sigma, alpha, sigma)
            for x0 in (found.x0, found.x0 - found.direction)
        ]
        both = torch.cat(outs[::-1] if self.away_first else outs).to(sample.dtype)
        variance = network.beside[0][: len(x)].repeat(2, 1, 1, 1)
        answer = torch.cat([both, variance.to(both)], 1)
        if named.get("return_dict", True):
            from diffusers.models.modeling_outputs import Transformer2DModelOutput

            return Transformer2DModelOutput(sample=answer)
        return (answer,)

    @property
    def _guided(self) -> bool:
        """Whether the pipeline evaluates both sides in one batch."""
        told = getattr(self.pipeline, "do_classifier_free_guidance", None)
        return self._scale > 1 if told is None else bool(told)

    @property
    def _scale(self) -> float:
        found = self.guidance_scale or getattr(self.pipeline, "guidance_scale", None)
        if found is None:
            raise InputError(
                "guidance_scale", None, "a number: this pipeline does not tell its own"
            )
        return float(found)


class _FreshGain:
    """A gain for each call of the pipeline, so that no picture depends on the one before."""

    def __init__(self, guidance: Guidance) -> None:
        self._guidance, self._gain = guidance, gain_of(guidance)
        self._timesteps: Tensor | None = None

    def of_run(self, timesteps: Tensor) -> Gain:
        """The gain of the call that set these timesteps: every call sets a new tensor."""
        if timesteps is not self._timesteps:
            self._timesteps, self._gain = timesteps, gain_of(self._guidance)
        return self._gain


@dataclass(frozen=True)
class _Network:
    """The pipeline's network as a plain network, in the precision of the pipeline's states."""

    module: nn.Module
    dtype: torch.dtype
    time_dtype: torch.dtype
    rest: Mapping[str, Any]
    beside: list[Tensor] = field(default_factory=list)
    """The additional output of the network: the variance that some networks predict."""

    def __call__(self, x: Tensor, time: Tensor, condition: Condition | None) -> Tensor:
        named = _named(condition or {}, self.rest)
        out: Tensor = self.module(x, time.to(self.time_dtype), **named)[0]
        self.beside.append(out[:, x.shape[1] :])
        return out[:, : x.shape[1]]


def _told(named: Mapping[str, Any], rows: int) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Split arguments into those with one entry per row, flattened by name, and the rest."""
    told: dict[str, Tensor] = {}
    rest = dict(named)
    for name in ("encoder_hidden_states", "class_labels"):
        value = rest.pop(name, None)
        if value is not None:
            told[name] = value
    for name, value in (rest.pop(NESTED, None) or {}).items():
        if isinstance(value, list):  # one tensor for each IP-Adapter
            told |= {f"{NESTED}.{name}.{k}": each for k, each in enumerate(value)}
        elif value is not None:
            told[f"{NESTED}.{name}"] = value
    for name, value in told.items():
        if len(value) != rows:
            raise InputError(name, len(value), f"as many rows as the batch: {rows}")
    return told, rest


def _named(condition: Condition, rest: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that the network is called with."""
    plain: dict[str, Tensor] = {}
    added: dict[str, Any] = {}
    for name, value in condition.items():
        match name.split("."):
            case [_, held, _]:
                added.setdefault(held, []).append(value)
            case [_, held]:
                added[held] = value
            case [_]:
                plain[name] = value
    return {**rest, **plain, **({NESTED: added} if added else {}), "return_dict": False}
