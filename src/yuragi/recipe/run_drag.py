"""Drag points or regions of a picture, by the method that the request names."""

from __future__ import annotations

from dataclasses import replace

from yuragi.recipe.context import Context, Made
from yuragi.recipe.intent import intents
from yuragi.recipe.personal import personal
from yuragi.recipe.request import DragRequest, PasteMethod
from yuragi.recipe.run_paste import run_paste
from yuragi.recipe.run_warp import run_warp

__all__ = ["run_drag"]


def run_drag(request: DragRequest, context: Context) -> Made:
    """Run it.

    Raises:
        InputError: a picture that is not there.
    """
    with personal(request, context) as knowing:
        if isinstance(request.method, PasteMethod):
            made = run_paste(request, request.method, knowing)
        else:
            made = run_warp(request, request.method, knowing)
    if request.num_images == 1:
        return made
    return replace(made, intent=intents(request, context, made.images))
