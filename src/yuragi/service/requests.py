"""Conversion of the data of a client to a complete request, and the schema of this data.

A client sends the options of a request class by name, as in Python, with pictures as ids of assets.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any, NoReturn

from pydantic import BaseModel

from yuragi.errors import InputError
from yuragi.options.pairs import read_json
from yuragi.service.assets import Assets
from yuragi.service.intake import Submission
from yuragi.service.jobs import NotFound
from yuragi.service.naming import check_asked, check_named
from yuragi.service.uploads import png
from yuragi.tasks.base import OnPicture, Request
from yuragi.tasks.build import Reading, build
from yuragi.tasks.picture import pictures_of
from yuragi.tasks.policy import Asked, Permission, Policy
from yuragi.tasks.tasks import TASKS

__all__ = ["any_json", "asked", "beside", "schema_of", "submission"]

LONGEST = 10_000
"""The largest number of characters of a prompt, or of any other text of a request."""
UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")
"""Characters that not every database can store in a text; JSON can express more than UTF-8."""


def asked(text: bytes | str) -> dict[str, Any]:
    """The JSON object that a client sent.

    Raises:
        InputError: it is not a JSON object, does not name a task, or contains a text that is too
            long.
    """
    try:
        given = read_json(text, _no_number)
        storable = not any(UNSTORABLE.search(each) for each in _texts(given))
    except (ValueError, RecursionError) as error:
        reason = f"it cannot be read as JSON: {error}"
        raise InputError("request", None, "a JSON object", reason) from error
    if not storable:
        raise InputError("request", None, "", "a text in it has half a character, or a zero byte")
    if not isinstance(given, dict):
        raise InputError("request", type(given).__name__, "a JSON object")
    kind = given.get("kind")
    if not isinstance(kind, str) or kind not in TASKS:
        raise InputError("kind", kind, "one of " + ", ".join(TASKS))
    for name, value in given.items():
        if any(len(each) > LONGEST for each in _texts(value)):
            raise InputError(name, None, "", f"the text has more than {LONGEST:,} characters")
    return given


def _texts(value: object) -> Iterator[str]:
    """All texts in a value of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number of JSON")


def submission(
    given: Mapping[str, Any],
    assets: Assets,
    max_pixels: int,
    max_steps: int,
    policy: Policy,
    key: str | None,
    client: str,
) -> Submission:
    """The job that a client requests.

    Args:
        given: the kind and the options, with pictures as ids of assets.
        assets: the store of these pictures and of those of the request.
        max_pixels: the largest number of pixels of a picture.
        max_steps: the largest number of pictures times solver steps.
        policy: which requests are allowed.
        key: the idempotency key of the client.
        client: the client that sends the request.

    Raises:
        InputError: an option is not allowed.
        Forbidden: the policy refuses the request.
    """
    kind = TASKS[given["kind"]]
    options = {name: value for name, value in given.items() if value is not None}
    resize = options.pop("resize", None) if issubclass(kind, OnPicture) else None
    reading = Reading(resize=resize, max_pixels=max_pixels)
    permission = Permission(consent=options.pop("consent", False))
    check_asked(kind, options)
    for name in pictures_of(kind) & options.keys():
        options[name] = _picture(options[name], name, assets)
    with any_json():
        request, sources = build(kind, options, reading)
    check_named(request)
    _check_work(request, max_steps)
    policy.check(Asked(request, sources, permission.consent))
    stored = {digest: assets.put(png(picture)).id for digest, picture in sources.items()}
    body = _digest(request, permission, drawn="seed" not in options)
    return Submission(request, stored, body, key, client, permission.consent)


def _check_work(request: Request, most: int) -> None:
    """Refuse a request for more solver steps than the service allows for one job."""
    pictures, steps = getattr(request, "num_images", 1), getattr(request, "num_inference_steps", 1)
    if pictures * steps > most:
        reason = f"{pictures:,} pictures of {steps:,} steps are too much work for one job"
        advice = f"this service allows pictures times steps to be at most {most:,}"
        name = "num_images" if pictures > 1 else "num_inference_steps"
        raise InputError(name, None, "", reason, advice)


def _digest(request: Request, permission: Permission, drawn: bool) -> str:
    """What makes two submissions equal: the complete request, however a client wrote its options.

    Args:
        request: the request.
        permission: what the policy is told.
        drawn: whether the seed was drawn, which differs if the same is submitted again.
    """
    told = request.model_dump_json(exclude={"seed"} if drawn else None)
    told += permission.model_dump_json()
    return hashlib.blake2b(told.encode(), digest_size=16).hexdigest()


@contextmanager
def any_json() -> Iterator[None]:
    """Refuse values of a wrong kind where a request is built.

    Options are completed before pydantic checks their types, so that code may meet any JSON.
    """
    try:
        yield
    except (TypeError, AttributeError, OverflowError) as error:
        raise InputError("request", None, "", f"a value is of the wrong kind: {error}") from error


def beside(kind: type[Request]) -> Sequence[type[BaseModel]]:
    """The classes of the options that a client can give in addition to those of the request."""
    return (*kind.BESIDE, *((Reading, Permission) if issubclass(kind, OnPicture) else ()))


def _picture(name: object, argument: str, assets: Assets) -> bytes:
    try:
        return assets.read(str(name))
    except NotFound as error:
        raise InputError(argument, name, "the id of an uploaded asset") from error


@cache  # every page of the studio asks for all of them when it opens
def schema_of(kind: type[Request]) -> dict[str, Any]:
    """The JSON schema of the data that a client sends for a task. Do not change it."""
    made = kind.model_json_schema()
    for more in beside(kind):
        added = more.model_json_schema()
        made["properties"] |= added.get("properties", {})
        made.setdefault("$defs", {}).update(added.get("$defs", {}))
    made["properties"].pop("max_pixels", None)  # the operator's choice
    for name in pictures_of(kind):
        described = _described(kind, name)
        made["properties"][name] = {"type": "string", "format": "asset", **described}
    made["required"] = sorted({"kind", *made.get("required", [])})
    return made


def _described(kind: type[BaseModel], name: str) -> dict[str, Any]:
    """The entries of the schema of a field in addition to its type."""
    told = kind.model_json_schema()["properties"][name]
    return {key: value for key, value in told.items() if key.startswith(("desc", "x-"))}
