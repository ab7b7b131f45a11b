"""Errors for unknown keywords that suggest the nearest known one."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from difflib import get_close_matches
from functools import wraps
from typing import ParamSpec, TypeVar

from yuragi.errors import InputError

__all__ = ["known_keywords"]

P = ParamSpec("P")
T = TypeVar("T")


def known_keywords(function: Callable[P, T]) -> Callable[P, T]:
    """Decorate a function so that unknown keywords raise an `InputError`.

    Raises:
        InputError: a keyword is unknown; the error suggests the nearest known one.
    """
    names = [name for name in inspect.signature(function).parameters if name != "self"]

    @wraps(function)
    def checked(*given: P.args, **named: P.kwargs) -> T:
        for name, value in named.items():
            if name not in names:
                if name == "generator":
                    near = "seed=, which decides every random number"
                else:
                    near = " or ".join(get_close_matches(name, names)) or ", ".join(names)
                raise InputError(name, value, near, "there is no such keyword")
        return function(*given, **named)

    return checked
