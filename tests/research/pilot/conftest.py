"""What the tests of pilots share."""

import shutil

import pytest

from piloting import write_draft
from yuragi.research.pilot.arms import fix
from yuragi.research.pilot.plan import read_draft
from yuragi.research.pilot.run import run_plan
from yuragi.research.pilot.votes import Votes


@pytest.fixture(scope="session")
def small(pipeline_folder, tiny, tmp_path_factory):
    """A plan of three arms that has run: (plan, its folder, the folder of the pilot)."""
    beside = tmp_path_factory.mktemp("pilot")
    draft = read_draft(write_draft(beside, pipeline_folder, third=True))
    plan = fix(draft, beside, tiny.loaded, lambda done, total: None)
    folder = beside / "out"
    run_plan(plan, beside, folder, tiny.loaded, lambda done, total: None)
    return plan, beside, folder


@pytest.fixture
def voting(small, tmp_path):
    """The folder of that pilot, without its plan's own folder, and with three raters."""
    _, _, folder = small
    moved = shutil.copytree(folder, tmp_path / "voting", ignore=lambda *_: ["secret"])
    store = Votes.of(moved)
    for name in ("rater-1", "rater-2"):
        store.add_rater(name, simulated=False)
    store.add_rater("simulated-1", simulated=True)
    return moved
