"""Errors for unknown names that suggest the nearest known one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from functools import wraps
from typing import ParamSpec, TypeVar

from pydantic import BaseModel

from yuragi.errors import InputError
from yuragi.options.option import options

__all__ = ["known_keywords", "nearest"]

P = ParamSpec("P")
T = TypeVar("T")


def nearest(name: str, known: Mapping[str, str]) -> str:
    """Advice about an unknown name.

    Args:
        name: the unknown name.
        known: the names to suggest, by every spelling that can be meant.
    """
    near = get_close_matches(name, known, 1)
    if near:
        return f"did you mean {known[near[0]]}?"
    return "it must be one of " + ", ".join(dict.fromkeys(known.values()))


def known_keywords(kind: type[BaseModel]) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """A decorator for a function, after which unknown keywords raise an `InputError`.

    Args:
        kind: a class of options. The error also suggests a keyword for the name that the option
            has on the command line.
    """

    def decorated(function: Callable[P, T]) -> Callable[P, T]:
        names = [name for name in inspect.signature(function).parameters if name != "self"]
        known = {name: name for name in names}
        known |= {other: name for other, name in _other_names(kind) if name in names}

        @wraps(function)
        def checked(*given: P.args, **named: P.kwargs) -> T:
            for name, value in named.items():
                if name not in names:
                    reason = "there is no such keyword"
                    raise InputError(name, value, "", reason, nearest(name, known))
            return function(*given, **named)

        return checked

    return decorated


def _other_names(kind: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Names by which users know options from elsewhere, and the names of their fields."""
    yield "generator", "seed"  # in diffusers
    for each in options(kind):
        for flag in (each.flag, each.option.also):  # on the command line
            yield flag.lstrip("-").replace("-", "_"), each.name
