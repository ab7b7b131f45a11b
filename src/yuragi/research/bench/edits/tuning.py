"""Choose the strength and scale of a task and sampler: all on a few cases, the best on more.

On few cases the best settings are often best by luck, and all settings on many cases would cost
more than the benchmark itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from yuragi.research.bench.edits.cases import Cases
from yuragi.research.bench.edits.cells import Chosen, Store
from yuragi.research.bench.edits.scores import Scorer, fidelity
from yuragi.research.bench.scores import means
from yuragi.tasks.base import Edit

__all__ = ["FINALISTS", "Tuner"]

FINALISTS = 3
"""The number of settings that are tried on more cases."""


@dataclass(frozen=True)
class Tuner:
    """A choice by `fidelity`.

    Attributes:
        store: what makes or reads the pictures.
        score: the scores of the report.
        steps: the number of steps.
        few: the cases for all settings.
        more: the cases for the best ones.
        on_trial: called after every trial.
    """

    store: Store
    score: Scorer
    steps: int
    few: Cases
    more: Cases
    on_trial: Callable[[], None]

    def __call__(
        self, kind: type[Edit], sampler: str, settings: Sequence[Chosen]
    ) -> tuple[Chosen, list[dict[str, Any]]]:
        """The best of some settings, and the scores of all of them.

        Scores on more cases are under ``finals``.
        """
        tried = {each: self._tried(kind, sampler, each, self.few) for each in settings}
        best = sorted(settings, key=lambda each: -tried[each]["fidelity"])[:FINALISTS]
        finals = {each: self._tried(kind, sampler, each, self.more) for each in best}
        rows = [
            each._asdict() | tried[each] | ({"finals": finals[each]} if each in finals else {})
            for each in settings
        ]
        return max(best, key=lambda each: finals[each]["fidelity"]), rows

    def _tried(
        self, kind: type[Edit], sampler: str, chosen: Chosen, cases: Cases
    ) -> dict[str, float]:
        images = self.store.cell(kind, cases, sampler, self.steps, chosen).images
        self.on_trial()
        return {"fidelity": fidelity(images, cases)} | means(self.score.seen(images, cases))
