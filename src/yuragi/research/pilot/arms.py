"""The complete requests of every edit and arm, with an equal budget of network evaluations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from itertools import product
from pathlib import Path
from typing import Any

from PIL import Image

from yuragi.errors import InputError
from yuragi.models.model import DiffusionModel
from yuragi.models.names import load_weak
from yuragi.research.pilot.plan import Arm, Draft, Edit, Plan
from yuragi.research.pilot.size import planned
from yuragi.tasks.base import OnPicture
from yuragi.tasks.build import build
from yuragi.tasks.picture import pictures_of
from yuragi.tasks.run import evaluations
from yuragi.tasks.tasks import TASKS

__all__ = ["check_requests", "fix", "request_of", "sources_of"]

Progress = Callable[[int, int], None]
Built = tuple[OnPicture, Mapping[str, Image.Image]]
Counted = Callable[[OnPicture, Mapping[str, Image.Image]], int]
"""The number of network evaluations of a request on its pictures."""

HELD = {"image": "image of the edit", "model": "model of the draft", "seed": "seed of the draft"}
"""Options that the pilot sets, and from what."""


def check_requests(draft: Draft, folder: Path) -> dict[str, str]:
    """Check the request of every edit in every arm, before a model is loaded.

    Args:
        draft: what a person wrote.
        folder: its folder; the names of pictures are relative to it.

    Returns:
        the digest of the picture of each edit.

    Raises:
        InputError: an option is not allowed or is one that the pilot sets, or two arms make the
            same requests.
    """
    _check_options(draft)
    fitted = set() if draft.budget.evaluations is None else {"num_inference_steps"}
    pictures: dict[str, str] = {}
    said: dict[str, list[Mapping[str, Any]]] = {arm.name: [] for arm in draft.arms}
    for edit, arm in product(draft.edits, draft.arms):
        request, _ = _built(draft, edit, arm, folder, {})
        said[arm.name].append(request.model_dump(mode="json", exclude=fitted))
        if arm.name == draft.baseline:
            pictures[edit.name] = request.image.digest
    for one, two in draft.comparisons:
        if said[one] == said[two]:
            reason = f"it makes the same requests as arm {one}"
            raise InputError(f"arm {two}.options", None, "others", reason)
    return pictures


def fix(draft: Draft, folder: Path, model: DiffusionModel, on_progress: Progress) -> Plan:
    """Make the plan of a draft. The network is called only to see whether it knows a picture.

    Args:
        draft: what a person wrote.
        folder: its folder; the names of pictures are relative to it.
        model: the loaded model of the draft.
        on_progress: a function called with (arms done, all arms), counted over all edits.

    Raises:
        InputError: a value is not allowed, the votes cannot find the effect, or the budget does
            not fit an arm.
    """
    size = planned(draft, check_requests(draft, folder))
    weak = lru_cache(partial(load_weak, strong=model))
    weak_weights: dict[str, str] = {}

    def counted(request: OnPicture, sources: Mapping[str, Image.Image]) -> int:
        weaker = weak(request.weak_model)
        if request.weak_model is not None and weaker is not None:
            weak_weights[request.weak_model] = weaker.weights
        return evaluations(request, model, sources, weaker)

    requests: dict[str, dict[str, Any]] = {}
    spent: dict[str, dict[str, int]] = {}
    total = len(draft.edits) * len(draft.arms)
    for edit in draft.edits:
        requests[edit.name], spent[edit.name] = {}, {}
        for arm in draft.arms:
            request, count = _fitted(draft, edit, arm, folder, counted)
            requests[edit.name][arm.name] = request.model_dump(mode="json")
            spent[edit.name][arm.name] = count
            on_progress(sum(map(len, spent.values())), total)
    return Plan(
        draft=draft,
        weights=model.weights,
        weak_weights=weak_weights,
        size=size,
        requests=requests,
        evaluations=spent,
    )


def request_of(plan: Plan, edit: str, arm: str, seed: int) -> OnPicture:
    """The request of an edit in an arm, with a seed."""
    given = plan.requests[edit][arm]
    request = TASKS[given["kind"]](**{**given, "seed": seed})
    assert isinstance(request, OnPicture)
    return request


def sources_of(plan: Plan, folder: Path) -> dict[str, Image.Image]:
    """All pictures and masks of a plan, by digest.

    Raises:
        InputError: a picture or mask is missing, or is not the one for which the plan was made.
    """
    found: dict[str, Image.Image] = {}
    for edit, arm in product(plan.draft.edits, plan.draft.arms):
        request, sources = _built(plan.draft, edit, arm, folder, {})
        for name in pictures_of(type(request)):
            fixed = plan.requests[edit.name][arm.name][name]
            if fixed is not None and fixed["digest"] not in sources:
                place = f"edit {edit.name}, arm {arm.name}: {name}"
                allowed = "the picture for which the plan was made"
                raise InputError(place, fixed["name"], allowed, "its pixels changed")
        found |= sources
    return found


def _check_options(draft: Draft) -> None:
    """Refuse options that the pilot sets, which would otherwise have no effect."""
    held = dict(HELD)
    if draft.budget.evaluations is not None:
        held["num_inference_steps"] = "budget, which the steps have to fit"
    for kind, parts in (("edit", draft.edits), ("arm", draft.arms)):
        for part in parts:
            for name in held.keys() & part.options.keys():
                reason, advice = f"the pilot sets it from the {held[name]}", "leave it out"
                place = f"{kind} {part.name}.options.{name}"
                raise InputError(place, part.options[name], "", reason, advice)


def _built(draft: Draft, edit: Edit, arm: Arm, folder: Path, more: Mapping[str, Any]) -> Built:
    """A complete request and its pictures.

    Raises:
        InputError: an option is not allowed; the error names edit and arm.
    """
    kind = TASKS.get(edit.task)
    if kind is None or not issubclass(kind, OnPicture):
        known = [name for name, each in TASKS.items() if issubclass(each, OnPicture)]
        raise InputError(f"edit {edit.name}.task", edit.task, "one of " + ", ".join(known))
    given = {**edit.options, **arm.options, **more, "image": edit.image}
    for name in pictures_of(kind) & given.keys():
        given[name] = folder / given[name]
    try:
        return build(kind, {**given, "model": draft.model, "seed": draft.seed})
    except InputError as error:
        raise error.called(f"edit {edit.name}, arm {arm.name}: {error.argument}") from error


def _fitted(
    draft: Draft, edit: Edit, arm: Arm, folder: Path, counted: Counted
) -> tuple[OnPicture, int]:
    """The request with the most steps within the budget, and its evaluations."""

    def tried(steps: int | None) -> tuple[OnPicture, int]:
        more = {} if steps is None else {"num_inference_steps": steps}
        request, sources = _built(draft, edit, arm, folder, more)
        return request, counted(request, sources)

    request, count = tried(None)
    budget = draft.budget.evaluations
    if budget is None:
        return request, count
    # Evaluations grow almost in proportion to the steps, but a drag that only warps has none.
    usual = request.num_inference_steps
    if tried(2 * usual if usual <= 500 else usual // 2)[1] != count:
        steps = max(1, round(usual * budget / max(count, 1)))
        request, count = tried(steps)
        while count > budget and steps > 1:
            steps -= 1
            request, count = tried(steps)
        while (larger := tried(steps + 1))[1] <= budget:
            steps, (request, count) = steps + 1, larger
    if not budget * (1 - draft.budget.tolerance) <= count <= budget:
        reason = f"edit {edit.name}, arm {arm.name} can use {count}, not as many"
        allowed = "another number, or the tolerance larger"
        raise InputError("budget.evaluations", budget, allowed, reason)
    return request, count
