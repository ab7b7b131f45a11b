"""Warnings about options of a drag that have no effect on its kind of motion."""

from __future__ import annotations

from collections.abc import Mapping

from yuragi.tasks.drag import DragRequest, WarpMethod

__all__ = ["idle"]

DRAWING: Mapping[str, str] = {
    "prompt": "the prompt",
    "negative_prompt": "the negative prompt",
    "num_inference_steps": "the number of steps",
    "strength": "the strength",
    "solver": "the solver",
    "eta": "eta",
    "guidance": "the guidance",
    "lora": "the LoRA",
}
"""The options of what the model draws, in words."""
BENDING: Mapping[str, str] = {"radius": "the radius", "rigid": "the rigid share"}
"""The options of a bend, in words."""


def idle(request: DragRequest, draws: bool) -> list[str]:
    """A sentence about the options from the caller that a drag by warp does not use.

    Args:
        request: the request.
        draws: whether the model may draw something, because the drag cuts a thing out.
    """
    if not isinstance(request.method, WarpMethod):
        return []
    about = BENDING if draws else DRAWING
    given = [words for name, words in about.items() if _chosen(request, name)]
    does = "cuts a thing out" if draws else "bends the picture, and the model draws nothing in it"
    return [f"not used, because this drag {does}: {', '.join(given)}"] if given else []


def _chosen(request: DragRequest, name: str) -> bool:
    """Whether the caller gave another value than the default."""
    field = type(request).model_fields[name]
    usual = field.get_default(call_default_factory=True, validated_data=request.__dict__)
    return name in request.model_fields_set and getattr(request, name) != usual
