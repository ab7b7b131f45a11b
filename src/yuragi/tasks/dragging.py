"""Run drags: fit a LoRA if requested, generate the candidates, and score them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from yuragi.tasks.context import Context
from yuragi.tasks.drag import DragRequest
from yuragi.tasks.intent import intents
from yuragi.tasks.lora_fit import lora_fitted
from yuragi.tasks.result import TaskOutput

__all__ = ["run_drags"]


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
        judged.append(one)
    return judged
