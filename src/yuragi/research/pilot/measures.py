"""Automatic measures of an edited picture. A larger value is better, and each is at most 1.

- ``intent``: how far a drag was carried out (`yuragi.drag.intent`), for drags only.
- ``kept``: structural similarity with the picture before the edit.
- ``shows``: the share of the expected labels that the shipped judge of portraits sees, for edits
  that name any.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

from yuragi.errors import InputError
from yuragi.images.tensors import to_tensor
from yuragi.models.model import DiffusionModel
from yuragi.research.metrics.paired import ssim
from yuragi.research.pilot.plan import Draft, Edit
from yuragi.tasks.base import OnPicture
from yuragi.tasks.context import Context
from yuragi.tasks.drag import DragRequest
from yuragi.tasks.intent import intents
from yuragi.tasks.result import Result

__all__ = ["MEASURES", "check_measures", "measured"]

Measure = Callable[[Edit, Result, int, DiffusionModel], float | None]
"""A measure of a picture of a result; None where it does not apply."""


def measured(edit: Edit, result: Result, index: int, model: DiffusionModel) -> dict[str, float]:
    """All measures that apply to a picture of a result."""
    found = {name: each(edit, result, index, model) for name, each in MEASURES.items()}
    return {name: value for name, value in found.items() if value is not None}


def check_measures(draft: Draft) -> None:
    """Refuse names of measures and labels that do not exist.

    Raises:
        InputError: the rule or an edit names one that does not exist.
    """
    from yuragi.research.train.portraits import ATTRIBUTES

    for name in draft.rule.losses:
        if name not in MEASURES:
            raise InputError("rule.losses", name, "of " + ", ".join(MEASURES))
    for edit in draft.edits:
        for attribute, label in edit.expect.items():
            if label not in ATTRIBUTES.get(attribute, ()):
                allowed = f"labels of portraits by attribute ({', '.join(ATTRIBUTES)})"
                raise InputError(f"edit {edit.name}.expect", f"{attribute} = {label}", allowed)


def _intent(edit: Edit, result: Result, index: int, model: DiffusionModel) -> float | None:
    if not isinstance(result.request, DragRequest):
        return None
    context = Context(model, None, result.sources, lambda done, total: None, lambda: 0)
    return intents(result.request, context, [result.images[index]])[0].score


def _kept(edit: Edit, result: Result, index: int, model: DiffusionModel) -> float | None:
    assert isinstance(result.request, OnPicture)
    before = to_tensor(result.sources[result.request.image.digest])
    everywhere = torch.ones(1, *before.shape[-2:], dtype=torch.bool)
    return float(ssim(to_tensor(result.images[index]), before, [everywhere])[0][0])


def _shows(edit: Edit, result: Result, index: int, model: DiffusionModel) -> float | None:
    if not edit.expect:
        return None
    from yuragi.research.train.judge import shipped_judge
    from yuragi.research.train.portraits import ATTRIBUTES

    with torch.no_grad():
        seen = shipped_judge(torch.device("cpu"))(
            to_tensor(result.images[index].resize((128, 128)))
        )
    hits = [
        ATTRIBUTES[name][int(seen[name].argmax())] == label for name, label in edit.expect.items()
    ]
    return sum(hits) / len(hits)


MEASURES: Mapping[str, Measure] = {"intent": _intent, "kept": _kept, "shows": _shows}
