"""The example belongs to the shipped model, and its report and the pages about it to its plan."""

import csv
import json
from pathlib import Path

import pytest

from yuragi.models.fingerprint import fingerprint
from yuragi.models.names import model_path
from yuragi.research.pilot.arms import sources_of
from yuragi.research.pilot.plan import read_draft, read_plan
from yuragi.research.pilot.run import read_rows

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "pilot"
REPORT = EXAMPLE / "report"
SAID = {
    "docs/pilot.md": (
        "is **{outcome}** (SDE: {sde}, adaptive: {adaptive})",
        "follows from {votes} votes",
        "are real: {runs} runs",
        "In {alike} of the pairs",
        "took {minutes} minutes in total",
        "with {cores} cores",
    ),
    "docs/ja/pilot.md": (
        "は**{outcome}**(SDE: {sde}、adaptive: {adaptive})",
        "スクリプトの{votes}票",
        "合計{runs}回",
        "{alike}の組では",
        "合計{minutes}分",
        "コアが{cores}つ",
    ),
}
"""What the pages say about the report, by page."""


@pytest.fixture(scope="module")
def plan():
    return read_plan(EXAMPLE / "portraits.plan.json")


@pytest.fixture(scope="module")
def report():
    return json.loads((REPORT / "report.json").read_text("utf-8"))


def test_the_plan_is_of_the_draft_the_pictures_and_the_shipped_model(plan):
    assert plan.draft == read_draft(EXAMPLE / "pilot.toml")
    assert plan.weights == fingerprint(model_path(plan.draft.model))
    assert len(sources_of(plan, EXAMPLE)) == len(set(plan.pictures.values()))


def test_the_report_belongs_to_the_plan(plan, report):
    assert report["plan"] == plan.digest
    rows = read_rows(REPORT)
    assert {row.plan for row in rows} == {plan.digest}
    assert not any(row.commit.endswith("+") for row in rows)
    assert {"unplanned", "mixed_code", "mixed_machines"}.isdisjoint(dict(report["risks"]))
    with (REPORT / "votes.csv").open(encoding="utf-8", newline="") as file:
        votes = list(csv.DictReader(file))
    assert {vote["plan"] for vote in votes} == {plan.digest}
    assert {vote["simulated"] for vote in votes} == {"True"}
    for language in ("en", "ja"):
        text = (REPORT / f"report.{language}.html").read_text("utf-8")
        assert text.count(plan.digest) == 1  # runs and votes have the same one
        assert (REPORT / f"report.{language}.pdf").read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize("page", SAID)
def test_the_pages_say_the_numbers_of_the_report(plan, report, page):
    text = " ".join((ROOT / page).read_text("utf-8").split())
    rows = read_rows(REPORT)
    values = {
        "outcome": report["outcome"],
        **{verdict["arm"]: verdict["outcome"] for verdict in report["verdicts"]},
        "votes": report["votes"],
        "runs": len(rows),
        "alike": dict(report["risks"])["same"]["share"].replace("%", " %"),
        "minutes": f"{sum(row.seconds for row in rows) / 60:.1f}",
        "cores": report["cores"],
    }
    for said in (*(each.format(**values) for each in SAID[page]), *table(report)):
        assert said in text, f"{page} does not say: {said}"


def table(report):
    """The rows of the table in both pages, without their heads."""
    own, others = report["arms"]["ode"], [report["against"][arm] for arm in ("sde", "adaptive")]
    for name in ("shows", "kept"):
        cells = [f"{own['measures'][name][0]:.3f}"]
        cells += [interval(other["differences"][name], "+.3f") for other in others]
        yield line(others[0]["pictures"][name], cells)
    times = [f"× {interval(other['slower'], '.2f')}" for other in others]
    yield line(others[0]["pictures"]["kept"], [f"{own['median']:.1f} s", *times])


def interval(found, form):
    value, low, high = (format(found[k], form).replace("-", "−") for k in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def line(pictures, cells):
    return f"| {pictures} | {' | '.join(cells)} |"
