"""The report says everything in one file, and says of simulated votes that they are."""

import json
import math
import re
import shutil
from importlib.util import find_spec

import pytest
from PIL import Image, ImageFile

pytest.importorskip("choix")
if find_spec("weasyprint") is None:  # importing it changes what Pillow accepts
    pytest.skip("needs weasyprint", allow_module_level=True)

from piloting import vote_all
from yuragi.errors import InputError
from yuragi.research.pilot.report import html_of, write_report
from yuragi.research.pilot.run import read_rows
from yuragi.research.pilot.summary import summary_of
from yuragi.research.pilot.votes import Votes

RATERS = [f"r-{k}" for k in range(4)]


def prefer(arm):
    def choose(rater, shown):
        if arm not in (shown.left, shown.right):
            return "tie"
        return "left" if shown.left == arm else "right"

    return choose


@pytest.fixture
def pilot(small, tmp_path):
    """The small pilot, in a folder without votes."""
    plan, _, folder = small
    return plan, shutil.copytree(folder, tmp_path / "out")


def test_an_arm_that_all_prefer(pilot):
    plan, folder = pilot
    vote_all(plan, folder, RATERS, False, prefer("sde"))
    summary = summary_of(plan, folder)
    found = summary.against["sde"]
    assert (found.wins, found.ties, found.losses) == (plan.size.votes, 0, 0)
    assert found.preference.mean == 1
    assert summary.strengths["sde"].value > 2
    # Left pictures are accepted, and each arm is on the left half of the time.
    assert summary.arms["sde"].accepted.mean == pytest.approx(0.5, abs=0.15)
    logs = [math.log(row.seconds) for row in summary.rows if row.arm == "sde"]
    price = 360 * math.exp(sum(logs) / len(logs)) / 3600
    assert summary.arms["sde"].cost.value == pytest.approx(
        price / summary.arms["sde"].accepted.mean
    )
    text = html_of(summary, folder, "en")
    assert "imulated" not in text
    assert "4 of 4 edits" in text
    assert "Does noise &lt;pay&gt;?" in text


def test_simulated_votes_are_labelled_wherever_they_appear(pilot):
    plan, folder = pilot
    vote_all(plan, folder, RATERS, True, prefer("gain"))
    summary = summary_of(plan, folder)
    assert summary.values()["simulated_votes"] == summary.simulated == len(summary.votes)
    for language, label in (("en", "simulated"), ("ja", "模擬")):
        text = html_of(summary, folder, language)
        assert label in re.search(r"<title>(.*)</title>", text)[1]
        assert label in re.search(r'@top-center \{ content: "([^"]*)', text)[1]
        assert '<p class="banner" role="note">' in text
        # Every heading, row and chart about votes.
        tag = f'<span class="tag">{label}</span>'
        assert text.count(tag) >= 3 + 2 * len(summary.verdicts) + len(summary.against)
        for chart in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
            assert label in chart


def test_a_rule_that_was_changed_afterwards_is_seen(pilot):
    plan, folder = pilot
    vote_all(plan, folder, RATERS, False, prefer("sde"))
    rule = plan.draft.rule.model_copy(update={"slower": 100.0})
    changed = plan.model_copy(update={"draft": plan.draft.model_copy(update={"rule": rule})})
    summary = summary_of(changed, folder)
    assert summary.outcome == "void"
    assert ("plan_changed", {}) in summary.risks
    text = html_of(summary, folder, "en")
    assert f"another: {plan.digest}" in text
    assert changed.digest in text
    assert "The plan was changed" in text


def test_files(pilot):
    plan, folder = pilot
    store = vote_all(plan, folder, RATERS, True, prefer("sde"))
    files = write_report(summary_of(plan, folder), folder, ("en", "ja"))
    assert not ImageFile.LOAD_TRUNCATED_IMAGES  # pictures that were cut short stay refused
    by_name = {file.name: file for file in files}
    for language in ("en", "ja"):
        text = by_name[f"report.{language}.html"].read_text("utf-8")
        # Nothing is asked of another file.
        assert not re.search(r'(src|href)="(?!data:)', text)
        assert not re.search(r"url\(|@import", text)
        assert plan.digest in text
        assert by_name[f"report.{language}.pdf"].read_bytes().startswith(b"%PDF-")
    numbers = json.loads(by_name["report.json"].read_text())
    assert numbers["against"]["sde"]["preference"]["n"] == plan.size.votes
    assert numbers["n"] == len(plan.draft.edits) * len(plan.draft.arms) * plan.size.seeds
    assert len(by_name["votes.csv"].read_text().splitlines()) == len(store.all()) + 1


def test_a_report_before_any_vote(pilot):
    plan, folder = pilot
    summary = summary_of(plan, folder)
    assert summary.outcome == "extend"
    assert "GO" not in re.sub(r"<[^>]+>", "", html_of(summary, folder, "en"))


def test_a_measure_that_is_missing_is_said_not_to_hold(pilot):
    plan, folder = pilot
    rule = plan.draft.rule.model_copy(update={"losses": {"shows": 0.1}})
    lost = plan.model_copy(update={"draft": plan.draft.model_copy(update={"rule": rule})})
    text = html_of(summary_of(lost, folder), folder, "en")
    (row,) = set(re.findall(r"<tr>.*Difference in shows what was asked.*</tr>", text))
    told = re.findall(r"<td[^>]*>([^<]*)</td>", row)
    assert told == ["not measured", "at least -0.1", "no"]


def changed_rows(folder, **changes):
    """Change some values of the first row of a pilot."""
    first, *rest = (folder / "runs.jsonl").read_text().splitlines(keepends=True)
    text = json.dumps(json.loads(first) | changes) + "\n"
    (folder / "runs.jsonl").write_text("".join([text, *rest]))


def test_mixtures_and_unplanned_evaluations_are_said(pilot):
    plan, folder = pilot
    assert (
        not {"unplanned", "mixed_code", "mixed_machines"}
        & dict(summary_of(plan, folder).risks).keys()
    )
    changed_rows(folder, commit="0123", device="another", cores=64, evaluations=1)
    summary = summary_of(plan, folder)
    risks = dict(summary.risks)
    assert (risks["unplanned"]["runs"], risks["unplanned"]["total"]) == (1, len(summary.rows))
    assert risks["unplanned"]["edits"] == summary.rows[0].edit
    assert "(0123, " in risks["mixed_code"]["found"]
    assert "another (64)" in risks["mixed_machines"]["found"]
    text = html_of(summary, folder, "en")
    assert "different versions of the code" in text
    assert "another (64)" in text


def test_other_weights_make_the_decision_void(pilot):
    plan, folder = pilot
    changed_rows(folder, weights="0" * 64)
    summary = summary_of(plan, folder)
    assert summary.outcome == "void"
    assert "other weights" in html_of(summary, folder, "en")


def test_the_head_is_that_of_the_runs_and_not_of_the_reporting_machine(pilot):
    plan, folder = pilot
    rows = (folder / "runs.jsonl").read_text().splitlines()
    made = {"device": "a distant machine", "commit": "0123", "version": "9", "cores": 1000}
    told = "".join(json.dumps(json.loads(row) | made) + "\n" for row in rows)
    (folder / "runs.jsonl").write_text(told)
    summary = summary_of(plan, folder)
    write_report(summary, folder, ())
    head = json.loads((folder / "report/report.json").read_text())
    assert {name: head[name] for name in made} == made
    text = html_of(summary, folder, "en")
    assert "a distant machine" in text
    assert "Yuragi 9, commit 0123" in text


def test_pictures_of_different_sizes_count_as_different(pilot):
    plan, folder = pilot
    row = read_rows(folder)[0]
    Image.new("RGB", (32, 48)).save(folder / row.file)
    pairs = [each for each in summary_of(plan, folder).risks if each[0] == "same"]
    assert not pairs or pairs[0][1]["share"] != "100%"


def test_a_report_without_runs(small, tmp_path):
    plan, _, _ = small
    Votes.of(tmp_path)
    with pytest.raises(InputError, match="one with runs of all arms"):
        summary_of(plan, tmp_path)
