"""Validated values: what requests and the rules inside them are made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from yuragi.errors import InputError

__all__ = ["Finite", "Scale", "Share", "Strict", "refusal"]

Finite = Annotated[float, Field(allow_inf_nan=False)]
Scale = Annotated[Finite, Field(ge=0, le=100)]
Share = Annotated[Finite, Field(ge=0, le=1)]


class Strict(BaseModel):
    """Frozen, and without room for names that nobody knows."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def refusal(error: ValidationError, values: Mapping[str, object]) -> InputError:
    """The first thing that pydantic refused among `values`, as our own error."""
    first = error.errors()[0]
    if not first["loc"]:  # a rule over several values; its message names the first
        name, allowed = first["msg"].removeprefix("Value error, ").split(": ", 1)
        return InputError(name, values.get(name), allowed)
    name = str(first["loc"][0])
    allowed = first["msg"].removeprefix("Input should be ").removeprefix("a valid ")
    return InputError(name, values.get(name), allowed)
