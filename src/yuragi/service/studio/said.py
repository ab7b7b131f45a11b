"""A request as a command, as a program and as JSON, to repeat it elsewhere."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Body
from pydantic import BaseModel

from yuragi.options.one_of import OneOf
from yuragi.options.option import OptionOf, options
from yuragi.service.jobs import NotFound
from yuragi.service.requests import any_json, beside
from yuragi.service.studio.wire import Texts
from yuragi.tasks.base import Request
from yuragi.tasks.picture import PictureRef, pictures_of
from yuragi.tasks.tasks import TASKS

__all__ = ["router"]

router = APIRouter()
FILES = {"image": "picture.png", "mask": "mask.png"}
"""Names for the pictures of a request, which have no names of their own."""
ANY = PictureRef(name="", digest="0" * 32, width=16384, height=16384)


@router.post("/said/{kind}")
def said(kind: str, given: Mapping[str, Any] = Body()) -> Texts:
    """A request as texts, from the options that the user chose."""
    if kind not in TASKS:
        raise NotFound(f"there is no task {kind}; there are {', '.join(TASKS)}")
    task = TASKS[kind]
    held = {name: FILES[name] for name in pictures_of(task) if given.get(name) is not None}
    chosen = {name: each for name, each in given.items() if each is not None and name != "kind"}
    others = {name for kind in beside(task) for name in kind.model_fields}
    plain = {name: each for name, each in chosen.items() if name not in {*held, *others}}
    with any_json():
        request = task(**{**plain, **{name: ANY for name in held}})
        more = [
            kind(**{name: chosen[name] for name in kind.model_fields.keys() & chosen.keys()})
            for kind in beside(task)
        ]
    return Texts(
        command=_command(request, more, set(chosen), held),
        python=_program(kind, chosen | held),
        submission=json.dumps({"kind": kind, **chosen | held}, indent=2),
    )


def _command(
    request: Request, more: Sequence[BaseModel], chosen: set[str], held: Mapping[str, str]
) -> str:
    """The command of a request and of the options beside it."""
    words = ["yuragi", request.kind]
    words += [held[each.name] for each in options(type(request)) if each.positional]
    words += [word for each in (request, *more) for word in _flags(each, chosen, held)]
    return shlex.join([*words, "--output", "result.png"])


def _flags(
    of: BaseModel, chosen: set[str] | frozenset[str], held: Mapping[str, str]
) -> Iterator[str]:
    """The options of a class that were chosen, as words of a command line."""
    flags = {each.name: each for each in options(type(of))}
    for name in (each for each in type(of).model_fields if each in chosen):
        value, option = getattr(of, name), flags.get(name)
        several = any(isinstance(m, OneOf) for m in type(of).model_fields[name].metadata)
        if name in held and option is not None and not option.positional:
            yield from (option.flag, held[name])
        elif isinstance(value, BaseModel) and name not in held:
            if option is not None:
                yield option.flag
                yield from [value.name] if several and hasattr(value, "name") else []
            yield from _flags(value, value.model_fields_set - {"name"}, {})
        elif option is not None and name not in held:
            yield from _flag(option, value)


def _flag(option: OptionOf, value: Any) -> Iterator[str]:
    if value is None or value is False:
        return
    if value is True:
        yield option.flag
        return
    for each in value if option.many else [value]:
        yield from (option.flag, _text(each))


def _text(value: Any) -> str:
    """A value as the command line reads it: ``70,52:70,40`` for a pair of points.

    The corners of a polygon, of which there are three or more, have spaces between them.
    """
    if isinstance(value, BaseModel):  # a polygon and its target
        source, target = (_text(side) for _, side in value)
        return f"{source}:{target}"
    if isinstance(value, tuple):
        nested = value and isinstance(value[0], tuple)
        between = (":" if len(value) == 2 else " ") if nested else ","  # a pair, or corners
        return between.join(map(_text, value))
    # All digits, so that the command repeats the same request.
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _program(kind: str, chosen: Mapping[str, Any]) -> str:
    model = chosen.get("model", "portraits")
    arguments = [repr(chosen["image"])] if "image" in chosen else []
    hidden = ("image", "model", "consent")  # consent is for a policy, which a program has not
    arguments += [f"{name}={each!r}" for name, each in chosen.items() if name not in hidden]
    inside = "".join(f"    {each},\n" for each in arguments)
    return (
        "import yuragi\n\n"
        f"model = yuragi.load({model!r})\n"
        f"result = model.{kind}(\n{inside})\n"
        'result.save("result.png")\n'
    )
