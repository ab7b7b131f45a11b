"""Loading a model for a command."""

from __future__ import annotations

from contextvars import ContextVar

from yuragi.models.opening import Opening

__all__ = ["LOADING", "opening_on"]

LOADING: ContextVar[Opening] = ContextVar("loading", default=Opening())  # noqa: B039 (frozen)
"""What the user said about loading before the command; a command's own options add to it."""


def opening_on(device: str | None) -> Opening:
    """What the user said before the command, on a device that the command was given."""
    return LOADING.get() if device is None else LOADING.get().with_more({"device": device})
