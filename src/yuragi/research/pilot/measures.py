"""Automatic measures of an edited picture. A larger value is better, and each is at most 1.

- ``intent``: how far a drag was carried out (`yuragi.drag.intent`), for drags only.
- ``kept``: structural similarity with the picture before the edit.
- ``shows``: the share of the expected labels that the shipped judge of portraits sees, for edits
  that name any.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

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

__all__ = ["MEASURES", "Measure", "check_measures", "measured"]


@dataclass(frozen=True)
class Measure:
    """An automatic measure.

    Attributes:
        applies: whether the measure exists for an edit.
        value: its value for a picture of a result of such an edit.
    """

    applies: Callable[[Edit], bool]
    value: Callable[[Edit, Result, int, DiffusionModel], float]


def measured(edit: Edit, result: Result, index: int, model: DiffusionModel) -> dict[str, float]:
    """All measures that apply to a picture of a result."""
    return {
        name: measure.value(edit, result, index, model)
        for name, measure in MEASURES.items()
        if measure.applies(edit)
    }


def check_measures(draft: Draft, pictures: Mapping[str, str]) -> None:
    """Refuse names of measures and labels that do not exist, and measures that nothing would have.

    Args:
        draft: the draft.
        pictures: the digest of the picture of each edit.

    Raises:
        InputError: the rule or an edit names one that does not exist, or the rule limits the loss
            in a measure that edits of fewer than two pictures have, too few for an interval.
    """
    from yuragi.research.train.portraits import ATTRIBUTES

    for name in draft.rule.losses:
        if name not in MEASURES:
            raise InputError("rule.losses", name, "one of " + ", ".join(MEASURES))
        having = {pictures[edit.name] for edit in draft.edits if MEASURES[name].applies(edit)}
        if len(having) < 2:
            reason = "too few pictures have edits with this measure"
            allowed = (
                "a measure that edits of two pictures or more have (kept: every edit; intent: "
                "drags; shows: edits with expect)"
            )
            raise InputError("rule.losses", name, allowed, reason)
    for edit in draft.edits:
        for attribute, label in edit.expect.items():
            if label not in ATTRIBUTES.get(attribute, ()):
                allowed = f"labels of portraits by attribute ({', '.join(ATTRIBUTES)})"
                raise InputError(f"edit {edit.name}.expect", f"{attribute} = {label}", allowed)


def _intent(edit: Edit, result: Result, index: int, model: DiffusionModel) -> float:
    assert isinstance(result.request, DragRequest)
    context = Context(model, None, result.sources, lambda done, total: None, lambda: 0)
    return intents(result.request, context, [result.images[index]])[0].score


def _kept(edit: Edit, result: Result, index: int, model: DiffusionModel) -> float:
    assert isinstance(result.request, OnPicture)
    before = to_tensor(result.sources[result.request.image.digest])
    everywhere = torch.ones(1, *before.shape[-2:], dtype=torch.bool)
    return float(ssim(to_tensor(result.images[index]), before, [everywhere])[0][0])


def _shows(edit: Edit, result: Result, index: int, model: DiffusionModel) -> float:
    from yuragi.research.train.judge import shipped_judge
    from yuragi.research.train.portraits import ATTRIBUTES

    judge = shipped_judge(torch.device("cpu"))
    seen = judge(to_tensor(result.images[index].resize((judge.size, judge.size))))
    hits = [
        ATTRIBUTES[name][int(seen[name].argmax())] == label for name, label in edit.expect.items()
    ]
    return sum(hits) / len(hits)


MEASURES: Mapping[str, Measure] = {
    "intent": Measure(lambda edit: edit.task == "drag", _intent),
    "kept": Measure(lambda edit: True, _kept),
    "shows": Measure(lambda edit: bool(edit.expect), _shows),
}
