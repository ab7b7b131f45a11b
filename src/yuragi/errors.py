"""The exceptions that Yuragi raises on purpose: one tree, so that one ``except`` catches them all.

``YuragiError`` is the root. ``InputError`` is for a value that the caller chose and can change;
its message always names the argument, the value and what is allowed.
"""

from __future__ import annotations

__all__ = [
    "InputError",
    "MissingExtraError",
    "OutOfMemoryError",
    "YuragiError",
    "missing_extra",
]


class YuragiError(Exception):
    """Root of every exception that Yuragi raises on purpose."""


class InputError(YuragiError, ValueError):
    """A value given by the caller is not allowed.

    Args:
        argument: the name of the argument as the caller wrote it.
        value: the value that was given.
        allowed: a description of the allowed values.
    """

    def __init__(self, argument: str, value: object, allowed: str) -> None:
        # All three go to the base class, so that the exception survives pickling between workers.
        super().__init__(argument, value, allowed)
        self.argument = argument
        self.value = value
        self.allowed = allowed

    def __str__(self) -> str:
        shown = repr(self.value)
        if len(shown) > 200:
            shown = shown[:197] + "..."
        return f"{self.argument} = {shown} is not allowed: expected {self.allowed}"


class OutOfMemoryError(YuragiError, MemoryError):
    """The device does not have enough memory; the message names options that need less."""


class MissingExtraError(YuragiError, ImportError):
    """An optional dependency is not installed; the message says how to install it."""


def missing_extra(what: str, extra: str) -> MissingExtraError:
    """The error to raise when `what` needs the optional dependencies named `extra`."""
    # On the package index the name belongs to another project, so it is installed from a checkout.
    command = f"pip install -e '.[{extra}]'"
    return MissingExtraError(f"{what} needs more packages; in Yuragi's folder: {command}")
