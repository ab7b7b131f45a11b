"""Run requests that need no model, without loading one.

A drag that only bends its picture takes milliseconds; loading a model takes seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from yuragi.errors import warn_caller
from yuragi.tasks.cropping import recorded
from yuragi.tasks.record import Origin
from yuragi.tasks.result import Result

if TYPE_CHECKING:
    from PIL import Image

    from yuragi.tasks.base import Request

__all__ = ["run_without_model"]


def run_without_model(request: Request, sources: Mapping[str, Image.Image]) -> Result | None:
    """The result of a request that needs no model; None if it needs one.

    Its pictures equal those of `yuragi.tasks.run.run`.

    Args:
        request: the complete request; see `yuragi.tasks.base`.
        sources: the input pictures by digest.

    Raises:
        InputError: a value does not fit the pictures.
    """
    made = request.without_model(sources)
    if made is None:
        return None
    notes = [note for each in request.pictures for note in each.notes]
    for sentence in dict.fromkeys(notes):
        warn_caller(sentence)
    named = {ref.digest for ref in request.pictures}
    made = replace(made, warnings=[*notes, *made.warnings])
    return Result(
        **vars(made),
        request=recorded(request, made.crop),
        evaluations=0,
        origin=Origin.no_model(),
        sources={key: picture for key, picture in sources.items() if key in named},
    )
