from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from piloting import write_draft
from yuragi.errors import InputError
from yuragi.research.pilot.measures import MEASURES, check_measures
from yuragi.research.pilot.plan import Edit, read_draft
from yuragi.research.train.portraits import draw, portrait


@pytest.mark.parametrize("size", [256, 512])
def test_true_drawings_show_what_they_are_labelled_with(size):
    shares = []
    for number in range(6):
        drawn = portrait("benchmark", number)
        edit = Edit(
            name="all", task="sdedit", image="", instruction={"en": "Draw"}, expect=drawn.labels
        )
        result = SimpleNamespace(images=[Image.fromarray(draw(drawn, size))])
        shares.append(MEASURES["shows"].value(edit, result, 0, None))
    assert np.mean(shares) >= 0.95


@pytest.fixture
def draft(pipeline_folder, tmp_path):
    """A draft whose rule limits the loss in one measure, which some of its edits have; pictures."""
    read = read_draft(write_draft(tmp_path, pipeline_folder))

    def make(measure, edits, **changes):
        rule = read.rule.model_copy(update={"losses": {measure: 0.01}})
        changed = [
            edit.model_copy(update=changes if k in edits else {})
            for k, edit in enumerate(read.edits)
        ]
        draft = read.model_copy(update={"rule": rule, "edits": tuple(changed)})
        return draft, {edit.name: edit.image for edit in draft.edits}

    return make


def test_a_rule_limits_only_what_two_pictures_have(draft):
    smile = {"mouth": "a smiling mouth"}
    check_measures(*draft("kept", ()))
    check_measures(*draft("shows", (0, 2), expect=smile))
    check_measures(*draft("intent", (1, 2), task="drag"))
    for few in (
        draft("shows", ()),
        draft("shows", (3,), expect=smile),
        draft("shows", (0, 2), expect=smile, image="same.png"),
        draft("intent", (1,), task="drag"),
    ):
        with pytest.raises(InputError, match=r"rule.losses: too few pictures have edits with this"):
            check_measures(*few)


def test_names_that_do_not_exist(draft):
    with pytest.raises(InputError, match="rule.losses must be one of intent, kept, shows"):
        check_measures(*draft("beauty", ()))
    with pytest.raises(InputError, match=r"edit red-1.expect must be labels .*mouth = a beak"):
        check_measures(*draft("kept", (1,), expect={"mouth": "a beak"}))
