"""Run drags: learn the picture if that is asked, make the candidates, and judge them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from warnings import warn

from yuragi.errors import YuragiWarning
from yuragi.images.tensors import largest_difference
from yuragi.tasks.context import Context
from yuragi.tasks.drag import DragRequest
from yuragi.tasks.intent import intents
from yuragi.tasks.personal import personal
from yuragi.tasks.result import Made

__all__ = ["UNCHANGED", "run_drags"]

UNCHANGED = "the drag changed nothing: the result is the picture that was given"


def run_drags(requests: Sequence[DragRequest], context: Context) -> list[Made]:
    """Make the candidates of alike drags.

    Raises:
        InputError: a picture that is not there.
    """
    first = requests[0]
    with ExitStack() as stack:
        with context.charge(0):  # of a LoRA, which a request has for itself
            knowing = stack.enter_context(personal(first, context))
        made = first.method.run(requests, knowing)
    judged = []
    for of, (request, one) in enumerate(zip(requests, made, strict=True)):
        if request.num_images > 1:
            with context.charge(of):
                one = replace(one, intent=intents(request, context, one.images))
        before = context.picture(request.image)
        if all(largest_difference(before, after) == 0 for after in one.images):
            warn(UNCHANGED, YuragiWarning, stacklevel=2)
            one = replace(one, warnings=[UNCHANGED])
        judged.append(one)
    return judged
