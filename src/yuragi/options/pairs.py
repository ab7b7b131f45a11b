"""Reading of JSON in which no name is written twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["read_json"]


def read_json(text: str | bytes, parse_constant: Callable[[str], Any] | None = None) -> Any:
    """The value that a text of JSON stands for.

    Args:
        text: the text.
        parse_constant: a function called with ``NaN``, ``Infinity`` and ``-Infinity``.

    Raises:
        ValueError: it is not JSON, or an object in it has the same name twice.
        RecursionError: it is nested too deeply.
    """
    return json.loads(text, parse_constant=parse_constant, object_pairs_hook=_once)


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!a} is given twice")
    return made
