"""Types of values in requests, and errors for refused values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from yuragi.errors import InputError

__all__ = ["Count", "Eta", "Finite", "Scale", "Share", "Steps", "Strength", "Strict"]

Finite = Annotated[float, Field(allow_inf_nan=False)]
Scale = Annotated[Finite, Field(ge=0, le=100)]
Share = Annotated[Finite, Field(ge=0, le=1)]
Steps = Annotated[int, Field(ge=1, le=1000)]
Eta = Annotated[Finite, Field(ge=0, le=1.5)] | None
Strength = Annotated[Finite, Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=1, le=10_000)]


PLAIN = {
    "bool_parsing": "true or false",
    "float_parsing": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "missing": "longer: a value is missing in it",
    "model_type": "an object of {class_name}, or a mapping of its options",
    "string_pattern_mismatch": "text that matches the pattern {pattern}",
    "string_type": "text",
    "too_long": "a list of at most {max_length} values",
    "too_short": "a list of at least {min_length} values",
    "tuple_type": "a list",
}
"""Short forms of pydantic's long messages about values of a wrong kind."""


class Strict(BaseModel):
    """A frozen class that refuses unknown fields.

    Raises:
        InputError: a value is not allowed; the error names the first one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise _refusal(error, values, type(self)) from error


def _refusal(
    error: ValidationError, values: Mapping[str, Any], kind: type[BaseModel]
) -> InputError:
    """Convert the first error of pydantic to an `InputError`."""
    first = error.errors()[0]
    context = first.get("ctx", {})
    told = context.get("error")
    if isinstance(told, InputError):  # raised by our own validator, or by a nested class
        return told
    name = str(first["loc"][0]) if first["loc"] else kind.__name__
    if first["type"] == "extra_forbidden":
        allowed = "one of " + ", ".join(kind.model_fields)
        reason = f"there is no such option of {kind.__name__}"
        return InputError(name, values[name], allowed, reason)
    inside = len(first["loc"]) > 1
    if first["type"] == "missing" and not inside:
        return InputError(name, None, "given, for it has no default")
    allowed = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
    if plain := PLAIN.get(first["type"]):
        allowed = plain.format_map(context)
    return InputError(name, first["input"] if inside else values.get(name), allowed)
