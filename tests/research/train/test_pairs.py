"""Pairs differ in one label and in nothing else."""

import numpy as np
import pytest

from yuragi.errors import InputError
from yuragi.research.train.pairs import KINDS, hole, pair
from yuragi.research.train.portraits import SIZE, draw


@pytest.mark.parametrize("kind", KINDS)
def test_a_pair_differs_in_its_kind_alone(kind):
    for index in range(6):
        found = pair("validation", index, kind)
        changed = {k for k, v in found.before.labels.items() if found.after.labels[k] != v}
        assert changed == {kind}
        before, after = draw(found.before), draw(found.after)
        share = (before != after).any(2).mean()
        assert 0 < share < (0.95 if kind == "background" else 0.35)
        again = pair("validation", index, kind)
        assert again == found


def test_the_label_drawn_is_the_label_named():
    """Changing the hair to the colour that another portrait has draws that colour."""
    found = pair("validation", 0, "background")
    corner = draw(found.after)[0, 0]
    colour = found.after.options["backgroundColor"][0]
    assert tuple(corner) == tuple(int(colour[i : i + 2], 16) for i in (0, 2, 4))


def test_captions_name_both_sides():
    found = pair("validation", 3, "skin")
    source, prompt = found.captions(0)
    assert f"{found.before.labels['skin']} skin" in source
    assert f"{found.after.labels['skin']} skin" in prompt
    assert source.replace(found.before.labels["skin"], "") != source


def test_holes_are_a_part_of_the_picture():
    for index in range(12):
        kind, inside = hole("benchmark", index)
        assert inside.shape == (SIZE, SIZE)
        assert 0.05 < inside.mean() <= 0.5, kind
        assert np.array_equal(hole("benchmark", index)[1], inside)


def test_unknown_kinds():
    with pytest.raises(InputError, match="^kind[: ].*nose"):
        pair("validation", 0, "nose")
