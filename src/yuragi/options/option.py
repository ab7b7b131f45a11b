"""How a field of a request appears to people: on the command line, in forms, in tables.

A request is the only list of its options. Each field carries an `Option` beside its type:

    num_inference_steps: Annotated[Steps, Option("Number of solver steps.", "--steps")] = 20

`options` reads them back. The command line, the JSON schema and the documentation's tables are all
made from what it gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, PydanticUndefined

__all__ = ["Option", "OptionOf", "choices", "inner", "options"]


@dataclass(frozen=True)
class Option:
    """How one field appears to people.

    Attributes:
        help: one sentence that can be read alone.
        flag: its long name on the command line; by default made from the field's name.
        also: another name, such as ``-n``.
        unit: of the value, such as ``pixels`` or ``degrees``; empty for none.
        default: the default in words, where it is worked out from other fields.
        metavar: the form of a value that is written as text, such as ``X,Y:X,Y``.
        advanced: whether a form should hide it at first.
        positional: whether the command line takes it without its name.
        repeated: whether the command line takes it several times, an item each.
    """

    help: str
    flag: str = ""
    also: str = ""
    unit: str = ""
    default: str = ""
    metavar: str = ""
    advanced: bool = False
    positional: bool = False
    repeated: bool = False

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        made = dict(handler(schema))
        made |= {"description": self.help, "x-advanced": self.advanced}
        if self.unit:
            made["x-unit"] = self.unit
        if self.metavar:
            made["x-form"] = self.metavar
        return made


@dataclass(frozen=True)
class OptionOf:
    """A field of a class of options, and where it stands in it.

    Attributes:
        name: of the field.
        option: how it appears.
        annotation: its type, without None and without metadata.
        required: whether it must be given.
        default: its default as the class declares it; None where it is worked out.
        path: names of the fields that lead to it, with its own name last.
    """

    name: str
    option: Option
    annotation: Any
    required: bool
    default: Any
    path: Sequence[str] = field(default=())

    @property
    def flag(self) -> str:
        """Its long name on the command line."""
        return self.option.flag or "--" + self.name.replace("_", "-")

    @property
    def many(self) -> bool:
        """Whether the command line takes it several times."""
        return self.option.repeated

    @property
    def positional(self) -> bool:
        """Whether the command line takes it without its name."""
        return self.option.positional

    @property
    def shown_default(self) -> str:
        """The default in words; empty if there is none."""
        if self.option.default:
            return self.option.default
        if self.default is None or self.default is False or self.default in ("", ()):
            return ""
        if isinstance(self.default, tuple):
            return ",".join(map(str, self.default))
        return str(self.default)


def options(kind: type[BaseModel]) -> Iterator[OptionOf]:
    """The fields of a class that carry an `Option`, in order."""
    for name, info in kind.model_fields.items():
        option = next((m for m in info.metadata if isinstance(m, Option)), None)
        if option is not None:
            kind_of = inner(info.annotation)
            yield OptionOf(
                name,
                option,
                kind_of,
                info.is_required(),
                _default(info),
                (name,),
            )


def choices(annotation: Any) -> Sequence[str]:
    """The words that a value must be one of; empty if any value may do."""
    if get_origin(annotation) is Literal:
        return [str(value) for value in get_args(annotation)]
    return []


def inner(annotation: Any) -> Any:
    """A type without ``None`` and without metadata."""
    if get_origin(annotation) is Annotated:
        return inner(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        kinds = [each for each in get_args(annotation) if each is not NoneType]
        if len(kinds) == 1:
            return inner(kinds[0])
    return annotation


def _default(info: FieldInfo) -> Any:
    return None if info.default is PydanticUndefined else info.default
