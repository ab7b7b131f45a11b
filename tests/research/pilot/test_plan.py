import json

import pytest

from piloting import write_draft
from yuragi.errors import InputError
from yuragi.research.pilot.plan import read_draft, read_plan


def test_the_digest_is_that_of_what_the_plan_says(small, tmp_path):
    plan, _, _ = small
    plan.write(tmp_path / "plan.json")
    assert read_plan(tmp_path / "plan.json").digest == plan.digest
    given = json.loads((tmp_path / "plan.json").read_text("utf-8"))
    (tmp_path / "plan.json").write_text(json.dumps(dict(reversed(given.items()))), "utf-8")
    assert read_plan(tmp_path / "plan.json").digest == plan.digest
    given["draft"]["rule"]["slower"] = 9.0
    (tmp_path / "plan.json").write_text(json.dumps(given), "utf-8")
    assert read_plan(tmp_path / "plan.json").digest != plan.digest


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('baseline = "ode"', 'baseline = "none"', "baseline must be one of ode, sde"),
        ('name = "sde"', 'name = "ode"', "arm.name must be another for each"),
        ('en = "Without noise", ', "", "arm ode.en is missing: it must be a text in English"),
        ("raters = 4", "raters = 2", "raters must be greater than or equal to 3"),
        ("per_hour = 360.0", "", "per_hour is missing"),
        ("[[arm]]", "[[arms]]", r"arm is missing: it must be tables"),
        ("[budget]", "[budget", "this is not TOML"),
    ],
)
def test_what_is_wrong_in_a_draft_is_named(pipeline_folder, tmp_path, old, new, message):
    path = write_draft(tmp_path, pipeline_folder)
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(InputError, match=message):
        read_draft(path)


def test_a_file_that_is_no_plan(tmp_path):
    for text in ("{", "[]", "{}"):
        (tmp_path / "plan.json").write_text(text)
        with pytest.raises(InputError):
            read_plan(tmp_path / "plan.json")
