"""How a field of a request is displayed: on the command line, in forms and in tables.

A request class is the only list of its options. Each field has an `Option` in its annotation:

    num_inference_steps: Annotated[Steps, Option("Number of solver steps.", "--steps")] = 20

`options` returns them. The command line, the JSON schema and the tables in the documentation are
generated from them.
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
    """How a field is displayed.

    Attributes:
        help: a description that can be read alone.
        flag: the long name on the command line; by default it is made from the field's name.
        also: another name on the command line, such as ``-n``.
        unit: the unit of the value, such as ``pixels`` or ``degrees``; empty for none.
        default: a description of the default, if it is computed from other fields.
        metavar: the format of a value that is written as text, such as ``X,Y:X,Y``.
        advanced: whether a form should hide the option at first.
        positional: whether the option is a positional argument on the command line.
        repeated: whether the option can be given several times, once per item.
        fitted: whether the folder of a model can set the default; see `yuragi.tasks.defaults`.
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
    fitted: bool = False

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
    """A field of a class of options.

    Attributes:
        name: the name of the field.
        option: how the field is displayed.
        annotation: the type of the field, without None and without metadata.
        required: whether a value must be given.
        default: the default that the class declares; None if it is computed.
        path: the names of the fields that lead to the field, including its own name.
    """

    name: str
    option: Option
    annotation: Any
    required: bool
    default: Any
    path: Sequence[str] = field(default=())

    @property
    def flag(self) -> str:
        """The long name on the command line."""
        return self.option.flag or "--" + self.name.replace("_", "-")

    @property
    def many(self) -> bool:
        """Whether the option can be given several times on the command line."""
        return self.option.repeated

    @property
    def positional(self) -> bool:
        """Whether the option is a positional argument on the command line."""
        return self.option.positional

    @property
    def shown_default(self) -> str:
        """The displayed default; empty if there is none."""
        own = self.option.default or self._written
        return f"{own}, or the model's" if own and self.option.fitted else own

    @property
    def _written(self) -> str:
        """The default that the class declares, as text; empty if there is none."""
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
    """The allowed values of a `Literal`; empty for any other type."""
    if get_origin(annotation) is Literal:
        return [str(value) for value in get_args(annotation)]
    return []


def inner(annotation: Any) -> Any:
    """The type without ``None`` and without metadata."""
    if get_origin(annotation) is Annotated:
        return inner(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        kinds = [each for each in get_args(annotation) if each is not NoneType]
        if len(kinds) == 1:
            return inner(kinds[0])
    return annotation


def _default(info: FieldInfo) -> Any:
    return None if info.default is PydanticUndefined else info.default
