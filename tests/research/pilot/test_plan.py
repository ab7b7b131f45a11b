import json

import pytest

from piloting import changed_draft
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
        ("raters = 4", "raters = 2", "voting.raters must be greater than or equal to 3"),
        ("per_hour = 360.0", "", "price.per_hour is missing"),
        (
            'name = "red-1"',
            'name = "Red 1"',
            r"edit 2 \(Red 1\).name must be up to 40 small letters",
        ),
        (
            'image = "picture-2.png"',
            'image = "picture-2.png"\ntitel = "x"',
            r"edit 3 \(red-2\).titel: there is no such option of Edit",
        ),
        ('name = "sde"', 'name = "s_d"', r"arm 2 \(s_d\).name must be up to 40 small letters"),
        ('task = "sdedit"\nimage = "picture-3.png"', "", r"edit 4 \(red-3\).task is missing"),
        ('name = "small"', 'name = "Small!"', r"^name must be up to 40 small letters"),
        ("seed = 3", "sede = 3", r"^sede: a draft has no such key; .* edit, arm, budget"),
        ("seed = 3", "edits = 3", r"^edits: a draft has no such key; .* edit, arm, budget"),
        ("[[arm]]", "[[arms]]", r"^arms: a draft has no such key; .* edit, arm, budget"),
        ("[[edit]]", "[edit]", r"is not TOML"),
        ("[budget]", "[budget", "this is not TOML"),
    ],
)
def test_what_is_wrong_in_a_draft_is_named(pipeline_folder, tmp_path, old, new, message):
    path = changed_draft(tmp_path, pipeline_folder, old, new)
    with pytest.raises(InputError, match=message):
        read_draft(path)


def test_a_file_that_is_no_plan(tmp_path):
    for text in ("{", "[]", "{}"):
        (tmp_path / "plan.json").write_text(text)
        with pytest.raises(InputError):
            read_plan(tmp_path / "plan.json")
