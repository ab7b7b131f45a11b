"""Find the option whose value is of a wrong kind, such as a number where a text is expected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import create_model

from yuragi.errors import InputError
from yuragi.options.values import Strict
from yuragi.tasks.base import Request
from yuragi.tasks.picture import pictures_of

__all__ = ["misfit"]


def misfit(kind: type[Request], given: Mapping[str, Any]) -> InputError | None:
    """The error about the first option that is not valid by itself; None if each is.

    Options are completed before a class checks them, and code that completes them can fail on a
    value of another kind without saying whose value it is.

    Args:
        kind: the class of the request.
        given: its options by name.
    """
    for name, value in given.items():
        for one in (kind, *kind.BESIDE):
            if name in one.model_fields.keys() - pictures_of(kind):
                field = one.model_fields[name]
                alone: Any = {name: (field.annotation, field)}
                try:
                    create_model(kind.__name__, __base__=Strict, **alone)(**{name: value})
                except InputError as error:
                    return error
    return None
