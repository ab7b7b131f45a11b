"""Run drags: fit a LoRA if requested, generate the candidates, and score them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from PIL import Image, ImageChops

from yuragi.errors import warn_caller
from yuragi.tasks.context import Context
from yuragi.tasks.drag import DragRequest
from yuragi.tasks.idle import idle
from yuragi.tasks.intent import intents, intents_work
from yuragi.tasks.lora_fit import lora_fitted, lora_work
from yuragi.tasks.result import TaskOutput
from yuragi.tasks.work import Work

__all__ = ["UNCHANGED", "drag_work", "noted", "run_drags"]

UNCHANGED = "the drag changed nothing: the result is the picture that was given"
ALL_EQUAL = "all {} pictures are the same, because the model drew nothing in this drag"


def run_drags(requests: Sequence[DragRequest], context: Context) -> list[TaskOutput]:
    """Generate the candidates of similar drags.

    Raises:
        InputError: a picture was not given.
    """
    first = requests[0]
    with ExitStack() as stack:
        fitted = context
        if first.method.draws(first, context):
            with context.charge(0):  # requests with a LoRA run one at a time
                fitted = stack.enter_context(lora_fitted(first, context))
        made = first.method.run(requests, fitted)
    judged = []
    for of, (request, one) in enumerate(zip(requests, made, strict=True)):
        said = idle(request, request.method.draws(request, context))
        if request.num_images > 1 and _all_equal(one.images[0], one.images[1:]):
            said.append(ALL_EQUAL.format(request.num_images))
        elif request.num_images > 1:
            with context.charge(of):
                one = replace(one, intent=intents(request, context, one.images))
        judged.append(noted(one, context.picture(request.image), said))
    return judged


def _all_equal(one: Image.Image, others: Sequence[Image.Image]) -> bool:
    return not any(ImageChops.difference(one, other).getbbox() for other in others)


def noted(made: TaskOutput, before: Image.Image, said: Sequence[str] = ()) -> TaskOutput:
    """The output of a drag, with these warnings, and one if the drag changed nothing."""
    every = [*said, *([UNCHANGED] if _all_equal(before, made.images) else [])]
    for sentence in every:
        warn_caller(sentence)
    return replace(made, warnings=every)


def drag_work(request: DragRequest, context: Context) -> Work:
    """The network calls of a drag: fitting a LoRA, the candidates, and their scores."""
    if not request.method.draws(request, context):
        return Work()
    return (
        lora_work(request, context)
        + request.method.work(request, context)
        + intents_work(request, context)
    )
