"""Conversion of a row of a manifest to a complete request, the same in every process."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image

from yuragi.batch.manifest import Row
from yuragi.batch.places import beside, fetch, is_url
from yuragi.errors import InputError
from yuragi.options.option import OptionOf, inner, options
from yuragi.tasks.base import OnPicture, Request
from yuragi.tasks.build import Reading, build
from yuragi.tasks.misfit import misfit
from yuragi.tasks.picture import pictures_of
from yuragi.tasks.policy import Permission
from yuragi.tasks.tasks import TASKS

__all__ = ["Item", "Made", "item_of"]

ID = "id"
"""The column for the user's own names, which have no meaning here."""


@dataclass(frozen=True)
class Made:
    """A complete request, and everything that is needed to run it.

    Attributes:
        request: the request.
        sources: its pictures by digest.
        consent: whether the row says that the people who are shown agree; see
            `yuragi.tasks.policy`.
    """

    request: Request
    sources: Mapping[str, Image.Image]
    consent: bool


@dataclass(frozen=True)
class Item:
    """A row from which a request can be made, as plain values that other processes can receive.

    Attributes:
        row: the number of the row.
        id: its value in the column ``id``; empty if there is none.
        kind: the task.
        options: its other values, with pictures as complete paths or URLs.
        name: the name of its results; empty until it is known.
    """

    row: int
    id: str
    kind: str
    options: Mapping[str, Any]
    name: str = ""

    def made(self, seed: int | None = None) -> Made:
        """The complete request.

        Args:
            seed: the seed, if the row gives none.

        Raises:
            InputError: a value is not allowed, or a picture cannot be read.
        """
        kind = TASKS[self.kind]
        given = dict(self.options)
        if seed is not None:
            given["seed"] = seed
        reading = Reading(**_taken(given, Reading)) if issubclass(kind, OnPicture) else Reading()
        permission = Permission(**_taken(given, Permission))
        for name in pictures_of(kind) & given.keys():
            if is_url(given[name]):
                given[name] = fetch(given[name], name)
        try:
            request, sources = build(kind, given, reading)
        except (TypeError, AttributeError, OverflowError) as error:
            unknown = InputError("row", None, "", f"a value is of the wrong kind: {error}")
            raise misfit(kind, given) or unknown from error
        return Made(request, sources, permission.consent)

    def original(self) -> bytes | None:
        """The file of the picture to edit, with its own credentials; None if there is none.

        Raises:
            InputError: it cannot be read.
        """
        return fetch(self.options["image"], "image") if "image" in self.options else None


def item_of(row: Row, manifest: str) -> Item:
    """The item of a row whose values are not checked yet.

    Raises:
        InputError: there is no such task, or a picture is not given as text.
    """
    values = dict(row.values)
    kind = values.pop("kind", None)
    if not isinstance(kind, str) or kind not in TASKS:
        raise InputError("kind", kind, "one of " + ", ".join(TASKS))
    task, name = TASKS[kind], str(values.pop(ID, ""))
    if not row.typed:
        fields = {each.name: each for each in _fields(task)}
        values = {key: _value(text, fields.get(key)) for key, text in values.items()}
    for key in pictures_of(task) & values.keys():
        if not isinstance(values[key], str):
            raise InputError(key, values[key], "the path or URL of a picture")
        values[key] = beside(manifest, values[key])
    return Item(row.number, name, kind, values)


def _taken(given: dict[str, Any], of: type[Reading | Permission]) -> dict[str, Any]:
    """The options of another class, which are taken from the given ones."""
    return {name: given.pop(name) for name in of.model_fields.keys() & given.keys()}


def _fields(task: type[Request]) -> Iterator[OptionOf]:
    for one in (task, *task.BESIDE):
        yield from options(one)


def _value(text: str, of: OptionOf | None) -> Any:
    """The value of a cell of text; lists and objects are read as JSON unless the option is text."""
    if of is not None and inner(of.annotation) is str:
        return text
    if text.lstrip().startswith(("[", "{")):
        try:
            return json.loads(text)
        except ValueError:
            return text  # the check of the option refuses it
    return [text] if of is not None and of.many else text
