"""Run every edit, seed and arm of a plan, one at a time, so that response times can be compared.

A row of ``runs.jsonl`` describes one run; its picture, in which the request is embedded, is in
``results``. Rows are appended one by one, so that an interrupted command can continue. The arms of
an edit and a seed run one after another in an order that is shuffled each time, so that no arm
benefits if the machine becomes slower or faster.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from yuragi.device import wait_for
from yuragi.errors import InputError
from yuragi.models.model import DiffusionModel
from yuragi.models.names import load_weak
from yuragi.research.bench.report import frame
from yuragi.research.lines import Lines
from yuragi.research.pilot.arms import request_of, sources_of
from yuragi.research.pilot.kept import keep
from yuragi.research.pilot.measures import measured
from yuragi.research.pilot.plan import Plan
from yuragi.tasks.base import OnPicture
from yuragi.tasks.result import Result
from yuragi.tasks.run import run

__all__ = ["HEAD", "Key", "Row", "read_rows", "run_plan"]

ROWS = "runs.jsonl"
HEAD = ("version", "commit", "torch", "device", "cores")
"""What a row says of the code and the machine that ran it, as the head of a report does."""
Key = tuple[str, int, str]
"""The edit, seed and arm of a run."""


@dataclass(frozen=True)
class Row:
    """One run.

    Attributes:
        plan: the digest of the plan under which it ran.
        edit: the edit.
        seed: the seed.
        arm: the arm.
        file: the picture, relative to the folder of the pilot.
        seconds: the response time, from the request to the picture.
        evaluations: the network evaluations.
        measures: the automatic measures that apply.
        weights: the fingerprint of the model.
        weak_weights: the fingerprint of the weaker model; empty if there was none.
        version: the version of Yuragi.
        commit: the commit of the checkout, with ``+`` if it had changes.
        torch: the version of PyTorch.
        device: the device that ran it.
        cores: the number of processor cores.
    """

    plan: str
    edit: str
    seed: int
    arm: str
    file: str
    seconds: float
    evaluations: int
    measures: Mapping[str, float]
    weights: str
    weak_weights: str
    version: str
    commit: str
    torch: str
    device: str
    cores: int

    @property
    def key(self) -> Key:
        """What was run."""
        return self.edit, self.seed, self.arm


def run_plan(
    plan: Plan,
    beside: Path,
    folder: Path,
    model: DiffusionModel,
    on_progress: Callable[[int, int], None],
) -> list[Row]:
    """Run what is not in the folder yet, and return all rows.

    Args:
        plan: the plan.
        beside: the folder of its file; the names of pictures are relative to it.
        folder: the folder for results.
        model: the loaded model of the plan.
        on_progress: a function called with (runs done, all runs).

    Raises:
        InputError: the model, a weaker model or a picture is not the one in the plan, or the
            folder has runs of another plan.
    """
    _check_weights("model", model, plan.weights)
    weak = _weaker(plan, model)
    sources = sources_of(plan, beside)
    (folder / "results").mkdir(parents=True, exist_ok=True)
    rows = read_rows(folder)
    if any(row.plan != plan.digest for row in rows):
        raise InputError("folder", str(folder), "another one", "it has runs of another plan")
    keep(plan, sources, folder)
    done = {row.key for row in rows}
    wanted = _order(plan)
    left = [key for key in wanted if key not in done]
    made = frame("pilot", model.device, plan.seeds, len(wanted))
    head = {name: made[name] for name in HEAD}

    def timed(key: Key) -> tuple[Result, float]:
        edit, seed, arm = key
        request = request_of(plan, edit, arm, seed)
        return _timed(request, model, weak.get(request.weak_model or ""), sources)

    # Work that only the first run of a task in an arm has to do is not timed.
    for key in {(plan.draft.edit(key[0]).task, key[2]): key for key in left}.values():
        timed(key)
    lines = Lines(folder / ROWS)
    for count, key in enumerate(left, len(wanted) - len(left) + 1):
        result, seconds = timed(key)
        row = _kept(plan, key, folder, model, result, seconds, head)
        lines.add(asdict(row))
        rows.append(row)
        on_progress(count, len(wanted))
    return rows


def read_rows(folder: Path) -> list[Row]:
    """The rows in a folder; an incomplete last line is ignored."""
    return [Row(**row) for row in Lines(folder / ROWS)]


def _check_weights(argument: str, model: DiffusionModel, weights: str) -> None:
    if model.weights != weights:
        allowed = f"the one for which the plan was made ({weights[:12]})"
        raise InputError(argument, model.weights[:12], allowed, "it has other weights")


def _weaker(plan: Plan, model: DiffusionModel) -> dict[str, DiffusionModel]:
    """The weaker models of the plan, by name."""
    found = {}
    for name, weights in plan.weak_weights.items():
        loaded = load_weak(name, model)
        assert loaded is not None
        _check_weights("weak_model", loaded, weights)
        found[name] = loaded
    return found


def _order(plan: Plan) -> list[Key]:
    """Every edit, seed and arm, in the order in which they run."""
    shuffled = random.Random(plan.digest)
    order = []
    for seed in plan.seeds:
        for edit in plan.draft.edits:
            arms = [arm.name for arm in plan.draft.arms]
            shuffled.shuffle(arms)
            order += [(edit.name, seed, arm) for arm in arms]
    return order


def _kept(
    plan: Plan,
    key: Key,
    folder: Path,
    model: DiffusionModel,
    result: Result,
    seconds: float,
    head: Mapping[str, Any],
) -> Row:
    """Write the picture of a run, and return its row."""
    edit, seed, arm = key
    best = (result.ranking or [0])[0]
    name = f"results/{edit}.{seed}.{arm}.png"
    result.save(folder / name, best, embed_sources=False, overwrite=True)
    return Row(
        plan.digest,
        edit,
        seed,
        arm,
        name,
        seconds,
        result.evaluations,
        measured(plan.draft.edit(edit), result, best, model),
        result.origin.weights,
        result.origin.weak_weights,
        **head,
    )


def _timed(
    request: OnPicture,
    model: DiffusionModel,
    weak: DiffusionModel | None,
    sources: Mapping[str, Image.Image],
) -> tuple[Result, float]:
    began = time.perf_counter()
    result = run(request, model, sources, weak=weak)
    wait_for(model.device)
    return result, time.perf_counter() - began
