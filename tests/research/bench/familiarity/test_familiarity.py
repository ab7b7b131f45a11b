"""Known and foreign pictures are what they say, and a report tells the shares."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from promises import assert_different, assert_identical
from yuragi.errors import InputError
from yuragi.research.bench.familiarity import suite
from yuragi.research.bench.familiarity.foreign import (
    drawing,
    in_folder,
    other_styles,
    photographed,
)
from yuragi.research.bench.familiarity.known import EDITED, held_out


@pytest.mark.parametrize("name", list(EDITED))
def test_edits_change_a_portrait_a_little(name):
    before, after = held_out(3, 64), EDITED[name](3, 64)
    assert after.size == before.size
    assert_different(before, after)
    assert_identical(EDITED[name](3, 64), after)


def test_backgrounds_change_behind_the_head_only():
    before = np.asarray(held_out(0, 64), int)
    after = np.asarray(EDITED["a background of any colour"](0, 64), int)
    changed = (before != after).any(2)
    assert changed[0].all()
    assert 0.2 < changed.mean() < 0.9


def test_other_styles_have_the_background_of_a_portrait():
    styles = other_styles()
    assert "toon-head" not in styles
    assert len(styles) > 30
    first, second = (np.asarray(drawing(style, 0, 64)) for style in ("adventurer", "personas"))
    assert (first[0, 0] == np.asarray(held_out(0, 64))[0, 0]).all()
    assert (first != second).any()


def test_photographs_and_their_squares(tmp_path):
    found = list(photographed(14, 48))
    assert {picture.size for picture in found} == {(48, 48)}
    assert len({picture.tobytes() for picture in found}) == 14
    found[0].save(tmp_path / "a.png")
    assert len(list(in_folder(tmp_path, 5, 32))) == 5


def test_shares_and_their_exact_intervals():
    found = suite._summary([0.5] * 3 + [2.0] * 97)
    assert (found["n"], found["foreign"]) == (100, 0.03)
    # Clopper and Pearson: at the ends, 3 or more (or 3 or fewer) of 100 have probability 2.5 %.
    low, high = found["interval"]
    assert (low, high) == (pytest.approx(0.00623, abs=1e-5), pytest.approx(0.08518, abs=1e-5))


def test_a_model_without_a_calibration_is_refused(pipeline_folder):
    with pytest.raises(InputError, match="with a calibration"):
        suite.bench_familiarity(
            str(pipeline_folder), 10, 2, [], torch.device("cpu"), lambda *done: None
        )


def test_folders_that_would_have_one_name_are_refused():
    folders = [Path("here/photos/nature"), Path("there/photos/nature")]
    with pytest.raises(InputError, match=r"^pictures: .*here/photos/nature, there/photos/nature"):
        suite.bench_familiarity(
            "portraits", 10, 2, folders, torch.device("cpu"), lambda *done: None
        )


@pytest.mark.slow
def test_the_shipped_model_in_miniature(monkeypatch):
    monkeypatch.setattr(suite, "other_styles", lambda: ["adventurer", "personas"])
    seen = []
    report = suite.bench_familiarity(
        "portraits", 10, 3, [], torch.device("cpu"), lambda *done: seen.append(done)
    )
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert seen[-1] == (9, 9)
    assert report["groups"]["known"]["held-out portraits"]["foreign"] <= 0.1
    assert report["pictures"]["foreign"] == report["styles"]["foreign"] == 1
