"""Everything that a report says, as values computed from the plan, its runs and its votes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from yuragi.errors import InputError
from yuragi.images.read import open_picture, read_picture
from yuragi.research.metrics.intervals import Interval
from yuragi.research.pilot.decision import Outcome, Verdict, decide, defects, overall
from yuragi.research.pilot.figures import Against, Figures, against, figures
from yuragi.research.pilot.plan import Plan
from yuragi.research.pilot.run import Row, read_rows
from yuragi.research.pilot.strength import strengths
from yuragi.research.pilot.votes import Vote, Votes

__all__ = ["Risk", "Summary", "summary_of"]

ALIKE = 2.0
"""Mean difference, on levels from 0 to 255, below which two pictures count as almost equal."""
FEW_RATERS, FEW_PICTURES = 10, 30
UNLIKE, ONE_SIDED = 0.15, 0.1
"""The report warns if the share of ties differs from the plan's by more than the first, or if the
share of votes for the left differs from one half by more than the second."""

Risk = tuple[str, Mapping[str, object]]
"""The name of a sentence, and the values in it."""


@dataclass(frozen=True)
class Summary:
    """What a report says.

    Attributes:
        plan: the plan.
        rows: its runs.
        votes: its votes.
        arms: each arm by itself.
        against: the comparison of each other arm with the baseline.
        strengths: Bradley-Terry strengths, for three arms or more with votes; otherwise empty.
        verdicts: what the rule says about each arm except the baseline.
        outcome: what the rule says about the pilot.
        risks: what a reader should know.
    """

    plan: Plan
    rows: Sequence[Row]
    votes: Sequence[Vote]
    arms: Mapping[str, Figures]
    against: Mapping[str, Against]
    strengths: Mapping[str, Interval]
    verdicts: Sequence[Verdict]
    outcome: Outcome
    risks: Sequence[Risk]

    @property
    def simulated(self) -> int:
        """The number of votes that a script cast."""
        return sum(vote.simulated for vote in self.votes)

    def values(self) -> dict[str, Any]:
        """All numbers as plain values; infinite ones are None."""
        told = {
            "plan": self.plan.digest,
            "simulated_votes": self.simulated,
            "votes": len(self.votes),
            "raters": len({vote.rater for vote in self.votes}),
            "outcome": self.outcome,
            "verdicts": [asdict(each) for each in self.verdicts],
            "arms": {
                name: asdict(each)
                | {"accepted": each.accepted._asdict(), "tries": each.tries}
                | {"cost": each.cost._asdict()}
                for name, each in self.arms.items()
            },
            "against": {
                name: asdict(each)
                | {"preference": each.preference._asdict(), "slower": each.slower._asdict()}
                | {"path": [look._asdict() for look in each.path]}
                | {"differences": {k: x._asdict() for k, x in each.differences.items()}}
                for name, each in self.against.items()
            },
            "strengths": {name: each._asdict() for name, each in self.strengths.items()},
            "risks": [[name, dict(values)] for name, values in self.risks],
        }
        return dict(_finite(told))


def summary_of(plan: Plan, folder: Path) -> Summary:
    """The summary of a pilot's folder.

    Raises:
        InputError: an arm has runs on fewer than two pictures.
    """
    rows, votes = read_rows(folder), Votes.of(folder).all()
    draft = plan.draft
    for arm in draft.arms:
        pictures = {plan.pictures[row.edit] for row in rows if row.arm == arm.name}
        if len(pictures) < 2:
            allowed = "one with runs of all arms; `yuragi pilot run` makes them"
            raise InputError("folder", str(folder), allowed)
    own = {arm.name: figures(plan, arm.name, rows, votes) for arm in draft.arms}
    found = {arm: against(plan, arm, rows, votes) for arm in draft.challengers}
    broken = defects(plan, rows, votes)
    verdicts = [
        decide(plan, each, own[arm], own[draft.baseline], broken) for arm, each in found.items()
    ]
    names = list(own)
    strong = strengths(names, draft.baseline, votes, plan.pictures) if len(names) > 2 else {}
    risks = [
        *_of_defects(plan, rows, broken),
        *_of_runs(plan, rows),
        *_of_votes(plan, votes),
        *_of_pictures(plan, rows, folder),
        *_of_measures(plan, found),
    ]
    outcome = overall(verdicts)
    return Summary(plan, rows, votes, own, found, strong, verdicts, outcome, risks)


def _of_defects(plan: Plan, rows: Sequence[Row], broken: Sequence[str]) -> list[Risk]:
    wanted = len(plan.draft.edits) * len(plan.draft.arms) * plan.size.seeds
    spent = [
        float(np.mean([row.evaluations for row in rows if row.arm == arm.name]))
        for arm in plan.draft.arms
    ]
    told: Mapping[str, Mapping[str, object]] = {
        "plan_changed": {},
        "runs_missing": {"missing": wanted - len(rows), "wanted": wanted},
        "other_weights": {},
        "budget_unequal": {"least": round(min(spent)), "most": round(max(spent))},
    }
    return [(name, told[name]) for name in broken]


def _of_runs(plan: Plan, rows: Sequence[Row]) -> list[Risk]:
    """Evaluations that the plan did not count, and mixtures of code or machines."""
    found = list[Risk]()
    unlike = [row for row in rows if row.evaluations != plan.evaluations[row.edit][row.arm]]
    if unlike:
        edits = ", ".join(dict.fromkeys(row.edit for row in unlike))
        found.append(("unplanned", {"runs": len(unlike), "total": len(rows), "edits": edits}))
    code = sorted({f"{row.version} ({row.commit}, PyTorch {row.torch})" for row in rows})
    if len(code) > 1:
        found.append(("mixed_code", {"found": "; ".join(code)}))
    machines = sorted({f"{row.device} ({row.cores})" for row in rows})
    if len(machines) > 1:
        found.append(("mixed_machines", {"found": "; ".join(machines)}))
    return found


def _of_votes(plan: Plan, votes: Sequence[Vote]) -> list[Risk]:
    draft, found = plan.draft, list[Risk]()
    simulated = sum(vote.simulated for vote in votes)
    if simulated:
        found.append(("simulated", {"simulated": simulated, "total": len(votes)}))
    raters = len({vote.rater for vote in votes})
    if raters < FEW_RATERS:
        found.append(("few_raters", {"raters": raters}))
    cast = len(votes) // len(draft.comparisons)
    if cast < plan.size.votes:
        found.append(("votes_missing", {"votes": cast, "planned": plan.size.votes}))
    if votes:
        ties = sum(vote.choice == "tie" for vote in votes) / len(votes)
        if abs(ties - draft.voting.ties) > UNLIKE:
            shares = {"share": f"{ties:.0%}", "assumed": f"{draft.voting.ties:.0%}"}
            found.append(("ties", shares))
        sided = [vote.choice == "left" for vote in votes if vote.choice != "tie"]
        left = sum(sided) / max(len(sided), 1)
        if sided and abs(left - 0.5) > ONE_SIDED:
            found.append(("left", {"share": f"{left:.0%}"}))
    return found


def _of_pictures(plan: Plan, rows: Sequence[Row], folder: Path) -> list[Risk]:
    found, pictures = list[Risk](), len(set(plan.pictures.values()))
    if pictures < FEW_PICTURES:
        found.append(("few_pictures", {"pictures": pictures}))
    files = {row.key: folder / row.file for row in rows}
    same = [
        _alike(files[edit, seed, one], files[edit, seed, two])
        for edit, seed in {(row.edit, row.seed) for row in rows}
        for one, two in plan.draft.comparisons
        if (edit, seed, one) in files and (edit, seed, two) in files
    ]
    if any(same):
        found.append(("same", {"share": f"{sum(same) / len(same):.0%}"}))
    return found


def _of_measures(plan: Plan, found: Mapping[str, Against]) -> list[Risk]:
    return [
        ("lost", {"arm": arm, "measure": name, "low": f"{low:.3f}", "limit": f"{-loss:.3f}"})
        for arm, each in found.items()
        for name, loss in plan.draft.rule.losses.items()
        if name in each.differences and (low := each.differences[name].low) < -loss
    ]


def _alike(one: Path, two: Path) -> bool:
    """Whether two pictures have the same size and almost the same pixels."""
    first, second = (
        np.asarray(read_picture(open_picture(path, "picture", 10**9)), np.int16)
        for path in (one, two)
    )
    return first.shape == second.shape and float(np.abs(first - second).mean()) < ALIKE


def _finite(value: Any) -> Any:
    """The same value, with None for infinite numbers, which JSON does not have."""
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
