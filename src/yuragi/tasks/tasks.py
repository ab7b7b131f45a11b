"""All tasks by name. A package adds one through the entry point group ``yuragi.tasks``."""

from __future__ import annotations

import json

from yuragi.errors import InputError
from yuragi.registry import Registry
from yuragi.tasks.base import Request
from yuragi.tasks.upgrade import upgraded

__all__ = ["TASKS", "parse_request"]

TASKS: Registry[type[Request]] = Registry(
    "yuragi.tasks",
    {
        "drag": "yuragi.tasks.drag:DragRequest",
        "inpaint": "yuragi.tasks.inpaint:InpaintRequest",
        "sdedit": "yuragi.tasks.sdedit:SDEditRequest",
        "translate": "yuragi.tasks.translate:TranslateRequest",
        "diffedit": "yuragi.tasks.diffedit:DiffEditRequest",
        "invert": "yuragi.tasks.invert:InvertRequest",
        "sample": "yuragi.tasks.sample:SampleRequest",
    },
)
"""Request classes by ``kind``, in the order in which the command line shows them."""


def parse_request(text: str) -> Request:
    """Read a request from JSON.

    Raises:
        ValueError: the text is not a request.
    """
    given = json.loads(text)
    kind = given.get("kind") if isinstance(given, dict) else None
    if not isinstance(kind, str) or kind not in TASKS:
        raise InputError("kind", kind, "one of " + ", ".join(TASKS))
    return TASKS[kind](**upgraded(given))
