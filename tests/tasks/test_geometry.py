"""Points, polygons and margins: their text forms, and what they may be in a picture."""

import pytest

from yuragi.errors import InputError
from yuragi.tasks.geometry import DragGeometry, Expansion


def test_text_forms():
    assert DragGeometry(points=["70,52:70,40"]).points == (((70, 52), (70, 40)),)
    assert DragGeometry(points=[" 1.5 , 2 : 3 , 4.25 "]).points == (((1.5, 2), (3, 4.25)),)
    (region,) = DragGeometry(regions=["9,9 40,9 40,40:19,9 50,9 50,40"]).regions
    assert region.source == ((9, 9), (40, 9), (40, 40))
    assert region.target == ((19, 9), (50, 9), (50, 40))
    assert Expansion(expand="32,0,1,2").expand == (32, 0, 1, 2)


@pytest.mark.parametrize(
    "text",
    ["", "70,52", "70,52:70", "70,52:70,40,1", "a,b:c,d", "1,2:3,4:5,6", "1;2:3;4", "nan,1:2,2"],
)
def test_malformed_points_are_refused(text):
    with pytest.raises(InputError, match="^points must be"):
        DragGeometry(points=[text])


@pytest.mark.parametrize("text", ["", "1,1 2,2", "1,1 9,1 9,9", "1,1 9,1 a:2,1 9,1 9,9", "1:2:3"])
def test_malformed_regions_are_refused(text):
    with pytest.raises(InputError):
        DragGeometry(regions=[text]).check(64, 48)


@pytest.mark.parametrize(
    "margins",
    [
        "1,2,3",
        "1,2,3,x",
        "1,2,3,-4",
        (1, 2),
        (0.5, 0, 0, 0),
        7,
        "inf,0,0,0",
        "nan,0,0,0",
        (10**400, 0, 0, 0),
        (None, 0, 0, 0),
        ("x", 0, 0, 0),
    ],
)
def test_malformed_margins_are_refused(margins):
    with pytest.raises(InputError, match="^expand[: ]"):
        Expansion(expand=margins)


@pytest.mark.parametrize(
    "points",
    [
        [],
        [(1, 2)],
        [((1, 2), (3,))],
        "1,2:3,4",
        [((1, 2), (1, 2))],
        [((-1, 2), (3, 4))],
        [((1, 2), (64, 4))],
        [((1, 48), (3, 4))],
        [((1, 2), (float("nan"), 4))],
        [((1, 2), (3, 4)), ((1, 2), (5, 6))],
        [((1, 2), (3, 4)), ((5, 6), (3, 4))],
        None,
    ],
)
def test_points_that_do_not_fit_are_refused(points):
    with pytest.raises(InputError, match="^points[: ]"):
        DragGeometry(points=points).check(64, 48)


@pytest.mark.parametrize(
    ("points", "told"),
    [
        # One pair that is not in a list of pairs.
        ([[150, 48], [110, 60]], "must be pairs of source .*given: .150, 48."),
        ([(150, 48, 110, 60)], "must be pairs of source .*such as ...70, 52., .70, 40"),
        ([((1, 2), (3, "a"))], "must be a number .given: a"),
        ([((1, 2), (3, 4)), ((1, 2), (5, 6))], "two points have the same source .1,2.$"),
        ([((1, 2), (3, 4)), ((5, 6), (3, 4))], "two points have the same target .3,4.$"),
        ([((1, 2), (1, 2))], "nothing moves, because every target is at its source .1,2."),
    ],
)
def test_what_is_wrong_with_points_is_told(points, told):
    with pytest.raises(InputError, match=f"^points[: ]+{told}"):
        DragGeometry(points=points).check(64, 48)


@pytest.mark.parametrize(
    ("region", "told"),
    [
        ("5,5 9,5 9,9:5,5 9,5", "must be three or more corners and where they go"),
        ("5,5 9,5 9,9:5,6 9,6 9,10 5,10", "must be .* as many targets, .*given: 5,5 9,5 9,9:5,6"),
        ("5,5 9,5 9,9 5,5:5,6 9,6 9,10 5,6", "a corner is given twice .5,5 9,5 9,9 5,5."),
        ("5,5 9,5 5,9 9,9:5,6 9,6 5,10 9,10", ".*the outline crosses itself .5,5 9,5 5,9 9,9."),
        ("5,5 9,5 9,9:5,5 9,5 9,9", "nothing moves, .*5,5 9,5 9,9"),
        ("5,5 9,5 9,9:65,5 69,5 69,9", "the target is completely outside .*.target 65,5 69,5 "),
        ("5,5 9,5 9,9:5,-9 9,-9 9,-5", "the target is completely outside"),
    ],
)
def test_what_is_wrong_with_a_region_is_told(region, told):
    with pytest.raises(InputError, match=f"^regions[: ]+{told}"):
        DragGeometry(regions=[region]).check(64, 48)


def test_a_target_can_be_partly_outside():
    DragGeometry(regions=["5,5 9,5 9,9:-5,5 0,5 -5,9", "5,5 9,5 9,9:63,5 69,5 69,9"]).check(64, 48)


def test_corners_are_inside():
    DragGeometry(points=[((0, 0), (63, 47))]).check(64, 48)


SQUARE = "9,9 29,9 29,29 9,29"


@pytest.mark.parametrize(
    "beside",
    [
        {"regions": [f"{SQUARE}:9,9 29,9 29,9 9,29"]},
        {"regions": [f"{SQUARE}:9,9 29,9 29,29 9,39"], "points": ["50,40:9,39"]},
        {"regions": [f"{SQUARE}:9,9 29,9 29,29 9,39", "40,9 60,9 60,29:29,9 60,9 60,29"]},
    ],
    ids=["one region", "a point", "two regions"],
)
def test_what_differs_cannot_go_to_the_same_place(beside):
    with pytest.raises(InputError, match="regions.*have the same target"):
        DragGeometry(**beside).check(64, 48)


def test_regions_can_have_a_common_corner():
    regions = [f"{SQUARE}:9,9 29,9 29,39 9,39", "29,9 60,9 60,29:29,9 60,12 60,29"]
    DragGeometry(regions=regions).check(64, 48)
