"""The figures of a job: what it cost, and the scores of its result that were measured."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from yuragi.service.states import State

__all__ = ["SCORES", "figures_of", "kind_of_failure"]

SCORES = ("familiarity", "intent", "background_error", "stress")
"""Scores of quality. In the first two higher is better, in the others lower."""
STILL = 0.05
"""The error that reduces the part background of a drag's score by a factor e (`drag.intent`)."""


def figures_of(request: Mapping[str, Any], job: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a job, as far as they are known in its state; all numbers are finite.

    Args:
        request: its request.
        job: its row in the job table, and the time `queued` at which it was last queued.
    """
    guidance = request.get("guidance") or {}
    told: dict[str, Any] = {
        "solver": request.get("solver", ""),
        "sampler": request.get("sampler", ""),
        "rule": guidance.get("rule", {}).get("name", ""),
        "gain": guidance.get("gain", {}).get("name", ""),
    }
    if job["started"] is not None:
        told["wait_s"] = max(0.0, job["started"] - job["queued"])
    if job["started"] is not None and job["ended"] is not None:
        told["run_s"] = max(0.0, job["ended"] - job["started"])
    if job["state"] == State.FAILED:
        told["failure"] = kind_of_failure(job["error"])
    report = (job["result"] or {}).get("report", {})
    told |= {
        name: report[name]
        for name in ("evaluations", "memory_bytes", "familiarity")
        if _finite([report.get(name)])
    }
    # Of several candidates the best one counts: it is shown first.
    intent = report.get("intent") or []
    rated = [each for each in intent if len(_finite([each["score"], each["background"]])) == 2]
    if rated:
        best = max(rated, key=lambda each: each["score"])
        told["intent"] = best["score"]
        told["background_error"] = -STILL * math.log(max(best["background"], 1e-12))
    if stress := _finite(report.get("stress") or []):
        told["stress"] = max(stress)
    return told


def _finite(values: Iterable[float | None]) -> list[float]:
    """The finite numbers among values; in JSON, other numbers are null."""
    return [each for each in values if each is not None and math.isfinite(each)]


FAILURES: Mapping[str, str] = {
    "an error inside the service": "internal",
    "its worker died": "worker died",
    "memory": "out of memory",
}


def kind_of_failure(error: str) -> str:
    """The kind of a failure, by its message: one of few, because it becomes a label of a metric."""
    for words, kind in FAILURES.items():
        if words in error:
            return kind
    return "refused by the task"
