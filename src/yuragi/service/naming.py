"""Which models a request may name: those that the operator registered, and the shipped ones.

The check looks up a name in a list before anything else reads it, so that no name from a client is
used as a path or requested from the hub.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from yuragi.errors import InputError
from yuragi.models.names import model_names
from yuragi.tasks.base import Guided, Request
from yuragi.tasks.guidance import Guidance

__all__ = ["check_asked", "check_named"]

VERSION = re.compile(r"(@[0-9a-f]{6,32})?")


def check_asked(kind: type[Request], given: Mapping[str, Any]) -> None:
    """Refuse options that name another model, before a request is made of them.

    Raises:
        InputError: they name another model, or the options of guidance are not valid.
    """
    _check("model", given.get("model"))
    guidance = given.get("guidance")
    if issubclass(kind, Guided) and isinstance(guidance, Mapping):
        _check("weak_model", Guidance(**guidance).rule.weaker)


def check_named(request: Request) -> None:
    """Refuse a request that names another model.

    Raises:
        InputError: it names another model.
    """
    _check("model", request.model)
    _check("weak_model", request.weak_model)


def _check(argument: str, name: object) -> None:
    if name is None:
        return
    known = model_names()
    base, at, version = str(name).partition("@")
    if base not in known or not VERSION.fullmatch(at + version):
        allowed = "one of " + ", ".join(known) + ", perhaps with a version (name@hash)"
        raise InputError(argument, name, allowed)
