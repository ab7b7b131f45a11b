"""Groups of options that several hand-written commands take."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from functools import wraps
from typing import Any, get_type_hints

from yuragi.cli.parameters import taking

__all__ = ["grouped"]


def grouped(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command have parameters that are groups of options.

    A group is a dataclass whose fields are annotated like the parameters of a command. On the
    command line, the fields replace the parameter; the command gets an object of the group.
    """
    hints, keyword = get_type_hints(command, include_extras=True), inspect.Parameter.KEYWORD_ONLY
    groups: dict[str, dict[str, Any]] = {}
    shown: list[inspect.Parameter] = []
    for each in inspect.signature(command).parameters.values():
        kind = hints[each.name]
        if is_dataclass(kind):
            own = get_type_hints(kind, include_extras=True)
            groups[each.name] = {one.name: own[one.name] for one in fields(kind)}
            shown += [
                inspect.Parameter(one.name, keyword, default=one.default, annotation=own[one.name])
                for one in fields(kind)
            ]
        else:
            shown.append(each.replace(annotation=kind, kind=keyword))

    @wraps(command)
    def with_groups(**given: Any) -> None:
        for name, members in groups.items():
            given[name] = hints[name](**{member: given.pop(member) for member in members})
        command(**given)

    return taking(with_groups, shown)
