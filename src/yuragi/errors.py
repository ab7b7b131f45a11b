"""The exceptions that Yuragi raises on purpose: one tree, so that one ``except`` catches them all.

``YuragiError`` is the root. ``InputError`` is for a value that the caller chose and can change;
its message always names the argument and the value, and says what is wrong or what is allowed.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from types import FrameType

__all__ = [
    "InputError",
    "MissingExtraError",
    "NotFiniteError",
    "OutOfMemoryError",
    "YuragiError",
    "YuragiWarning",
    "missing_extra",
    "warn_caller",
]

PACKAGE = os.path.join(os.path.dirname(__file__), "")
"""The folder of this package, which ends in a separator."""


class YuragiError(Exception):
    """Root of every exception that Yuragi raises on purpose."""


class YuragiWarning(UserWarning):
    """An argument has no effect, or asks for more than the model can do.

    The same text is in `Result.warnings`.
    """


def warn_caller(sentence: str) -> None:
    """Issue a `YuragiWarning` about the line outside this package that called it."""
    level = 1
    frame: FrameType | None = sys._getframe()
    # Python 3.12 has skip_file_prefixes for this.
    while frame is not None and frame.f_code.co_filename.startswith(PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(sentence, YuragiWarning, stacklevel=level)


class InputError(YuragiError, ValueError):
    """A value given by the caller is not allowed.

    The message is one sentence that begins with what is wrong:
    ``steps must be 1 or more (given: 0)``, or with a reason of its own,
    ``mask: the file is missing (mask.png)``. It names other arguments in parentheses,
    ``(resize)``, so that the command line can show its options in their place.

    Args:
        argument: the name of the argument as the caller wrote it.
        value: what was given; None if it is missing.
        allowed: what would have been accepted, as words that follow "must be".
        reason: what is wrong, as a sentence, if `allowed` alone does not say it.
        advice: what to do, as a clause that follows the reason, in place of `allowed`.
    """

    def __init__(
        self, argument: str, value: object, allowed: str, reason: str = "", advice: str = ""
    ) -> None:
        # All arguments go to the base class, so that the exception survives pickling between
        # workers.
        super().__init__(argument, value, allowed, reason, advice)
        self.argument = argument
        self.value = value
        self.allowed = allowed
        self.reason = reason
        self.advice = advice

    def called(self, argument: str) -> InputError:
        """The same error for another argument name, such as that of the command-line option."""
        return InputError(argument, self.value, self.allowed, self.reason, self.advice)

    def worded(self, worded: Callable[[str], str]) -> InputError:
        """The same error with its texts, but not its value, changed by a function."""
        texts = map(worded, (self.allowed, self.reason, self.advice))
        return InputError(self.argument, self.value, *texts)

    def __str__(self) -> str:
        shown = self.value if _readable(self.value) else repr(self.value)
        given = f"{shown:.197}..." if len(str(shown)) > 200 else str(shown)
        if self.reason:
            about = "" if self.value is None else f" ({given})"
            advice = self.advice or (f"it must be {self.allowed}" if self.allowed else "")
            return f"{self.argument}: {self.reason}{about}" + (f"; {advice}" if advice else "")
        if self.value is None:
            return f"{self.argument} is missing: it must be {self.allowed}"
        return f"{self.argument} must be {self.allowed} (given: {given})"


def _readable(value: object) -> bool:
    """Whether a value can be shown as it is, without quotes."""
    return isinstance(value, str) and value.isprintable() and value.strip() == value != ""


class OutOfMemoryError(YuragiError, MemoryError):
    """The device does not have enough memory; the message names options that need less."""


class NotFiniteError(YuragiError, ArithmeticError):
    """A network computed values that are infinite or not numbers, so there is no picture."""


class MissingExtraError(YuragiError, ImportError):
    """An optional dependency is not installed; the message says how to install it."""


def missing_extra(what: str, extra: str) -> MissingExtraError:
    """The error to raise when `what` needs the optional dependencies named `extra`."""
    # The name of the distribution, not of the package. Because it is already installed, pip only
    # adds what is missing, whether Yuragi came from an index, a wheel or a checkout.
    command = f"pip install 'yuragi-diffusion[{extra}]'"
    return MissingExtraError(f"{what} needs more packages: {command}")
