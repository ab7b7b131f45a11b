"""The settings of a model's folder as defaults of a request.

The caller's values override the model's file, which overrides the request class. The values become
part of the request, so that its record does not depend on the file.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from yuragi.errors import InputError
from yuragi.models.defaults import DEFAULTS, defaults_in
from yuragi.options.option import options
from yuragi.tasks.base import Request
from yuragi.tasks.guidance import Guidance
from yuragi.tasks.tasks import TASKS

__all__ = ["Defaults", "checked_defaults", "defaults_of", "fitted"]


@dataclass(frozen=True)
class Defaults:
    """The settings of a model for one task.

    Attributes:
        place: the file and the task, for error messages.
        values: the settings by option.
    """

    place: str
    values: Mapping[str, Any]

    def filling(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The settings for the options that the caller leaves open.

        If the caller names only a rule or only a gain, the model sets the other one. A guidance
        scale of 1 turns guidance off, so the model's guidance does not apply.
        """
        filled = {name: value for name, value in self.values.items() if name not in given}
        if _is_one(given.get("guidance_scale")):
            filled.pop("guidance", None)
        elif "guidance" in self.values and isinstance(given.get("guidance"), str | Mapping):
            own = Guidance.parts(given["guidance"])
            filled["guidance"] = {**self.values["guidance"], **own}
        return filled

    def blamed(self, error: InputError, left_open: Collection[str]) -> InputError:
        """The error, which names the file if it is about an option that the caller left open."""
        about = error.argument in left_open
        return error.called(f"{self.place}.{error.argument}") if about else error


@cache
def fitted(kind: type[Request]) -> Sequence[str]:
    """The options of a task that a model's folder can set: guidance and those marked ``fitted``.

    Options whose default depends on others, such as on the preset of a drag, are not among them.
    """
    names = [each.name for each in options(kind) if each.option.fitted]
    return (*names, "guidance") if "guidance" in kind.model_fields else tuple(names)


def defaults_of(kind: type[Request], folder: Path | None) -> Defaults:
    """The settings for a task in a model's folder.

    Raises:
        InputError: the file is not valid, or has an unknown task or option.
    """
    file = (folder or Path()) / DEFAULTS
    found = defaults_in(folder)
    for task in found:
        if task not in TASKS:
            allowed = "one of " + ", ".join(TASKS)
            raise InputError(f"{file}: {task}", None, allowed, "there is no such task")
    name = str(kind.model_fields["kind"].default)
    place, values = f"{file}: {name}", dict(found.get(name, {}))
    for option, value in values.items():
        if option not in fitted(kind):
            allowed = "one of " + ", ".join(fitted(kind))
            raise InputError(f"{place}.{option}", value, allowed, "a model cannot set this")
    if "guidance" in values:
        values["guidance"] = _guidance(f"{place}.guidance", values["guidance"])
    return Defaults(place, values)


def checked_defaults(folder: Path | None) -> Mapping[str, Mapping[str, Any]]:
    """All settings in a model's folder by task; raises the errors of `defaults_of`."""
    found = {name: defaults_of(kind, folder).values for name, kind in TASKS.items()}
    return {name: values for name, values in found.items() if values}


def _guidance(place: str, given: Any) -> dict[str, Any]:
    """The valid rule and gain of a file, as far as they are given."""
    if not isinstance(given, str | Mapping):
        raise InputError(place, given, "the name of a rule or a gain, or an object with both")
    try:
        parts = Guidance.parts(given)
        Guidance(**parts)
    except InputError as error:
        raise error.called(f"{place}: {error.argument}") from error
    return parts


def _is_one(scale: Any) -> bool:
    """Whether a scale is 1; it can still be unchecked text."""
    try:
        return float(scale) == 1
    except (TypeError, ValueError):
        return False
