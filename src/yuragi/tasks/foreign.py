"""Warnings about pictures that a model does not know."""

from __future__ import annotations

from yuragi.models.card import entry_of
from yuragi.models.familiarity import KNOWN
from yuragi.models.model import DiffusionModel
from yuragi.tasks.base import OnPicture, Request

__all__ = ["foreign", "foreign_notes"]


def foreign(familiarity: float | None) -> bool:
    """Whether a picture is foreign to a model, given its familiarity; not if that is unknown."""
    return familiarity is not None and familiarity < KNOWN


def foreign_notes(request: Request, familiarity: float | None, model: DiffusionModel) -> list[str]:
    """A sentence about the consequences if the picture of a request is foreign to the model.

    The entry ``knows`` at the top of the model card in its folder says what the model knows.
    """
    if familiarity is None or not foreign(familiarity) or not isinstance(request, OnPicture):
        return []
    known = entry_of(model.path, "knows") or "the pictures of its training"
    return [
        f"the model knows only {known}, and {request.measured} is foreign to it (familiarity "
        f"{familiarity:.2g}; 1 or more is known): {request.if_foreign(known)}"
    ]
