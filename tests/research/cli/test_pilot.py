"""`yuragi pilot` from a draft to a report, as a person types it."""

import json
import subprocess
import sys
import urllib.request
from importlib.util import find_spec

import pytest

pytest.importorskip("choix")
if find_spec("weasyprint") is None:  # importing it changes what Pillow accepts
    pytest.skip("needs weasyprint", allow_module_level=True)

from piloting import write_draft

pytestmark = pytest.mark.slow


def test_from_a_draft_to_a_report(cli, pipeline_folder, tmp_path):
    draft = write_draft(tmp_path, pipeline_folder)
    code, out, err = cli("pilot", "plan", draft, "--json", "-q")
    assert code == 0, err
    told = json.loads(out)
    assert cli("pilot", "plan", draft)[0] == 2  # it is not replaced
    plan = tmp_path / "small.plan.json"
    assert told["files"] == [str(plan)]
    assert cli("pilot", "votes", plan)[0] == 2  # nothing to vote on
    assert cli("pilot", "run", plan, "-q")[0] == 0
    process = subprocess.Popen(
        [sys.executable, "-m", "yuragi", "pilot", "votes", str(plan), "--json", "--raters", "2"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )
    try:
        links = json.loads(process.stdout.readline())["links"]
        assert list(links) == ["rater-1", "rater-2"]
        with urllib.request.urlopen(links["rater-2"], timeout=30) as page:
            assert "Which picture follows the instruction better?" in page.read().decode()
    finally:
        process.terminate()
        assert process.wait(30) == 0
    code, out, err = cli("pilot", "report", plan, "--language", "ja", "--json")
    assert code == 0, err
    report = json.loads(out)
    assert (report["outcome"], report["plan"]) == ("extend", told["digest"])
    assert (tmp_path / "out/pilot/small/report/report.ja.pdf").exists()
    assert not (tmp_path / "out/pilot/small/report/report.en.pdf").exists()
    assert "language must be one of en, ja" in cli("pilot", "report", plan, "--language", "fr")[2]
    assert cli("pilot", "votes", plan, "--host", "0.0.0.0")[0] == 2


def test_simulated_pilots(cli, tmp_path):
    code, out, err = cli("pilot", "simulate", "-n", "2", "--output", tmp_path / "pilot.json", "-q")
    assert code == 0, err
    report = json.loads((tmp_path / "pilot.json").read_text())
    assert (report["n"], report["seeds"]) == (2, [0])
    assert "6 raters, 12 pictures, 1 seeds" in out
    assert cli("pilot", "simulate", "-n", "0")[0] == 2
