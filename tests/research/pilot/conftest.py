"""A small pilot: three pictures, two or three arms, a tiny pipeline, and votes of a script."""

import numpy as np
import pytest
from PIL import Image

from yuragi.research.pilot.arms import fix
from yuragi.research.pilot.pairs import blind_of
from yuragi.research.pilot.plan import read_draft
from yuragi.research.pilot.run import run_plan
from yuragi.research.pilot.votes import Vote, Votes

DRAFT = """
name = "small"
model = "{model}"
baseline = "ode"
seed = 3

[title]
en = "Does noise <pay>?"
ja = "ノイズは役に立つか"

[budget]
evaluations = 8
tolerance = 0.3

[voting]
raters = 4
effect = 0.45
rater_correlation = 0.0
picture_correlation = 0.0
power = 0.5

[rule.losses]
kept = 0.2

[price]
per_hour = 360.0
currency = "JPY"

[[arm]]
name = "ode"
title = {{ en = "Without noise", ja = "ノイズなし" }}
options = {{ sampler = "ode" }}

[[arm]]
name = "sde"
title = {{ en = "With noise", ja = "ノイズあり" }}
options = {{ sampler = "sde" }}
"""
THIRD = """
[[arm]]
name = "gain"
title = { en = "With a gain" }
options = { sampler = "sde", guidance = "ratio", guidance_scale = 2.0 }
"""
EDIT = """
[[edit]]
name = "red-{k}"
task = "sdedit"
image = "picture-{k}.png"
instruction = {{ en = "Make it {k} times red", ja = "赤くする {k}" }}

[edit.options]
prompt = "a person with red hair"
guidance_scale = 2.0
"""


@pytest.fixture(scope="session")
def write_draft(pipeline_folder):
    """Write a draft and its pictures to a folder."""

    def write(folder, pictures=4, third=False):
        rng = np.random.default_rng(0)
        for k in range(pictures):
            pixels = rng.integers(0, 256, (8, 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)
            Image.fromarray(pixels).save(folder / f"picture-{k}.png")
        text = DRAFT.format(model=pipeline_folder) + (THIRD if third else "")
        text += "".join(EDIT.format(k=k) for k in range(pictures))
        (folder / "draft.toml").write_text(text, encoding="utf-8")
        return folder / "draft.toml"

    return write


@pytest.fixture(scope="session")
def small(write_draft, tiny, tmp_path_factory):
    """A plan of three arms that has run: (plan, its folder, the folder of the pilot)."""
    beside = tmp_path_factory.mktemp("pilot")
    draft = read_draft(write_draft(beside, third=True))
    plan = fix(draft, beside, tiny.loaded, lambda done, total: None)
    folder = beside / "out"
    run_plan(plan, beside, folder, tiny.loaded, lambda done, total: None)
    return plan, beside, folder


def vote_all(plan, folder, raters, simulated, choose):
    """Votes on all pairs; `choose` says of a pair as shown what is chosen."""
    store, blind = Votes.of(folder), blind_of(plan, folder)
    for rater in raters:
        store.add_rater(rater, simulated)
        for each in blind.session(rater):
            pair = each.pair
            names = pair.name, pair.edit, pair.seed, each.left, each.right, choose(rater, each)
            store.cast(Vote(rater, *names, True, False, plan.digest, simulated))
    return store
