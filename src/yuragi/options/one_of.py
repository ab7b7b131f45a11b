"""Fields whose value is an object of one of several registered classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from yuragi.errors import InputError
from yuragi.registry import Registry

__all__ = ["OneOf"]


@dataclass(frozen=True)
class OneOf:
    """The annotation of a field whose value is an object of a registered class.

    A value can be given as an object of one of the classes, as its name (``"ratio"``, with all
    defaults), or as a mapping with the name and the values that differ from the defaults.

    Attributes:
        argument: the name of the field in errors.
        registry: the classes by name; each has a field ``name`` with this name as its default.
    """

    argument: str
    registry: Registry[type[BaseModel]]

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self.read,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda value: value.model_dump()
            ),
        )

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"oneOf": [kind.model_json_schema() for kind in self.registry.values()]}

    def read(self, value: Any) -> BaseModel:
        """Convert a value to an object.

        Raises:
            InputError: the name is unknown, or the named class refuses a value.
        """
        if isinstance(value, BaseModel):
            name = getattr(value, "name", None)
            if isinstance(name, str) and isinstance(value, self.registry.get(name, ())):
                return value
        given = value if isinstance(value, Mapping) else {"name": value}
        name = given.get("name")
        if not isinstance(name, str) or name not in self.registry:
            raise InputError(self.argument, name, "one of " + ", ".join(self.registry))
        return self.registry[name](**given)
