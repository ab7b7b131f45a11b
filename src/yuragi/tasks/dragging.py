"""Run drags: fit a LoRA if requested, generate the candidates, and score them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from warnings import warn

from PIL import Image, ImageChops

from yuragi.errors import YuragiWarning
from yuragi.tasks.context import Context
from yuragi.tasks.drag import DragRequest
from yuragi.tasks.intent import intents, intents_work
from yuragi.tasks.lora_fit import lora_fitted, lora_work
from yuragi.tasks.result import TaskOutput
from yuragi.tasks.work import Work

__all__ = ["UNCHANGED", "drag_work", "noted", "run_drags"]

UNCHANGED = "the drag changed nothing: the result is the picture that was given"


def run_drags(requests: Sequence[DragRequest], context: Context) -> list[TaskOutput]:
    """Generate the candidates of similar drags.

    Raises:
        InputError: a picture was not given.
    """
    first = requests[0]
    with ExitStack() as stack:
        with context.charge(0):  # requests with a LoRA run one at a time
            fitted = stack.enter_context(lora_fitted(first, context))
        made = first.method.run(requests, fitted)
    judged = []
    for of, (request, one) in enumerate(zip(requests, made, strict=True)):
        if request.num_images > 1:
            with context.charge(of):
                one = replace(one, intent=intents(request, context, one.images))
        judged.append(noted(one, context.picture(request.image)))
    return judged


def noted(made: TaskOutput, before: Image.Image) -> TaskOutput:
    """The output of a drag, with a warning if the drag changed nothing."""
    if any(ImageChops.difference(before, after).getbbox() for after in made.images):
        return made
    warn(UNCHANGED, YuragiWarning, stacklevel=2)
    return replace(made, warnings=[UNCHANGED])


def drag_work(request: DragRequest, context: Context) -> Work:
    """The network calls of a drag: fitting a LoRA, the candidates, and their scores."""
    return (
        lora_work(request, context)
        + request.method.work(request, context)
        + intents_work(request, context)
    )
