"""The outcome of a row."""

from __future__ import annotations

from dataclasses import dataclass

from yuragi.errors import InputError, YuragiError

__all__ = ["Outcome", "failed"]


@dataclass(frozen=True)
class Outcome:
    """The outcome of a result: it is stored, or there is a reason why not.

    Attributes:
        name: the name of the result.
        reason: why it could not be made; empty if it is stored.
        column: the option that caused the failure, if one did.
        value: its value, as text.
    """

    name: str
    reason: str = ""
    column: str = ""
    value: str = ""


def failed(name: str, error: Exception) -> Outcome:
    """The outcome of an error."""
    if isinstance(error, InputError):
        value = "" if error.value is None else str(error.value)
        return Outcome(name, str(error), error.argument, value)
    if isinstance(error, YuragiError):
        return Outcome(name, str(error))
    return Outcome(name, f"{type(error).__name__}: {error}")
