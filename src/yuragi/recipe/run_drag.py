"""Drag points or regions of a picture, by the method that the request names."""

from __future__ import annotations

from yuragi.recipe.context import Context, Made
from yuragi.recipe.request import DragRequest, PasteMethod
from yuragi.recipe.run_paste import run_paste
from yuragi.recipe.run_warp import run_warp

__all__ = ["run_drag"]


def run_drag(request: DragRequest, context: Context) -> Made:
    """Run it.

    Raises:
        InputError: a picture that is not there.
    """
    if isinstance(request.method, PasteMethod):
        return run_paste(request, request.method, context)
    return run_warp(request, request.method, context)
