"""What a report compares with what, on rows whose values are known."""

from dataclasses import asdict

import pytest

from yuragi.errors import InputError
from yuragi.research.sweep.grid import Point
from yuragi.research.sweep.report import sweep_report

DRAWS = {"n": 12, "seed": 3, "backend": "colours"}


def row(distance, point, cost=16.0, coverage=0.5):
    values = {"FD": distance, "coverage": coverage}
    return {
        "draws": DRAWS,
        "device": "cpu",
        "commit": "0",
        "point": asdict(point),
        "arm": point.arm,
        "evaluations": cost,
        "reverse": 0.0,
        "cost": cost,
        "seconds": 1.0,
        "sizes": {"FD": [12, 20], "coverage": [10, 15]},
        "values": values,
        "halves": {name: [value - 0.1, value, value + 0.1] for name, value in values.items()},
    }


@pytest.mark.parametrize("other", [("ddpm", "trailing"), ("ddim", "leading")])
def test_a_gain_is_compared_with_its_own_solver_and_spacing(other):
    points = [
        row(1.0, Point("cfg", "plain", 2, *other[:1], 8, other[1]), coverage=0.9),
        row(9.0, Point("cfg", "plain", 2, "ddim", 8, "trailing")),
        row(5.0, Point("cfg", "reg", 2, "ddim", 8, "trailing")),
    ]
    (gain,) = sweep_report(points)["gains"]
    assert (gain["rule"], gain["solver"], gain["spacing"]) == ("cfg", "ddim", "trailing")
    (beside,) = gain["scales"]
    assert beside["same_steps"]["FD"]["value"] == beside["same_cost"]["FD"]["value"] == -4
    assert gain["best"]["FD"]["value"] == -4
    assert gain["diversity"]["coverage"]["value"] == 0
    assert list(sweep_report(points)["areas"]) == [
        "corner",
        f"cfg + plain ({', '.join(other)})",
        "cfg + plain (ddim, trailing)",
        "cfg + reg (ddim, trailing)",
    ]


def test_no_guidance_is_plain_guidance_of_every_rule():
    off = [
        row(2.0, Point("cfg", "plain", 1, "ddim", 16), coverage=0.6),
        row(9.0, Point("cfg", "plain", 1, "ddim", 8), 8.0, coverage=0.4),
    ]
    guided = [
        row(value, Point(rule, gain, 3, "ddim", 8))
        for rule in ("cfg", "linear")
        for gain, value in (("plain", 7.0), ("reg", 5.0))
    ]
    report = sweep_report([*off, *guided])
    for gain in report["gains"]:
        assert gain["best"]["plain_scale"] == 1
        assert gain["best"]["FD"]["value"] == 3
        assert gain["diversity"] is None  # no point of the gain has a distance of 2 or less
    areas = {name.split(" (")[0]: area for name, area in report["areas"].items()}
    assert areas["cfg + plain"] == areas["linear + plain"]
    assert areas["cfg + reg"] == areas["linear + reg"]
    # Its distance, coverage and cost, up to the corner of 9, 0.6 and 16 x 1.01.
    assert areas["cfg + plain"]["area"]["value"] == pytest.approx(
        (9 - 2) * (0.6 - 0.4) * 0.16 / (9 * 0.6 * 16.16)
    )


def test_nothing_is_left_to_dominate_if_the_coverage_is_full():
    points = [row(2.0, Point("cfg", "plain", scale, "ddim", 8), coverage=1) for scale in (1, 2)]
    area = sweep_report(points)["areas"]["cfg + plain (ddim, trailing)"]["area"]
    assert area == {"value": 0, "low": 0, "high": 0}


def test_figures_have_the_sizes_of_their_measures():
    (point,) = sweep_report([row(2.0, Point("cfg", "plain", 1, "ddim", 8))])["points"]
    told = [(each["n"], each["against"], each["seeds"]) for each in point["figures"].values()]
    assert told == [(12, 20, "3-14"), (10, 15, "3-12")]


def test_there_are_rows_and_all_are_of_sweeps():
    with pytest.raises(InputError, match="^rows is missing"):
        sweep_report([])
    other = {"key": "0", "draws": DRAWS, "device": "cpu", "commit": "0", "summary": {}}
    with pytest.raises(InputError, match="^rows must be .* that this version of yuragi sweep"):
        sweep_report([other])


def test_a_rule_is_compared_with_constant_guidance_of_at_least_its_cost():
    def guided(rule, steps, distance, cost, gain="plain", scale=3):
        return row(distance, Point(rule, gain, scale, "ddim", steps), cost)

    points = [
        guided("cfg", 8, 6.0, 8.0, scale=1),
        guided("cfg", 8, 9.0, 16.0),
        guided("cfg", 16, 8.0, 32.0),
        guided("cfg", 8, 1.0, 32.0, "reg"),
        guided("interval:1:2", 8, 7.0, 13.0),
        guided("interval:1:2", 16, 5.0, 25.0),
        guided("interval:1:2", 8, 1.0, 23.0, "reg"),
    ]
    (rule,) = sweep_report(points)["rules"]
    assert (rule["rule"], rule["solver"], rule["spacing"]) == ("interval:1:2", "ddim", "trailing")
    short, long = rule["scales"]
    assert [each["same_steps"]["FD"]["value"] for each in (short, long)] == [-2, -3]
    assert (short["rival_cost"], short["same_cost"]["FD"]["value"]) == (16, -2)
    assert (long["rival_cost"], long["same_cost"]["FD"]["value"]) == (32, -3)
    # The unguided point is cheaper than the cheapest guided one, so it is no rival of equal cost.
    assert rule["best"]["FD"]["value"] == 5 - 8
    assert sweep_report([points[0], points[4]])["rules"][0]["best"] is None


def test_what_costs_more_than_any_plain_point_cannot_be_the_best():
    points = [
        row(9.0, Point("cfg", "plain", 2, "ddim", 16), 32.0, coverage=0.5),
        row(8.0, Point("cfg", "ratio", 2, "ddim", 8), 32.0, coverage=0.6),
        row(1.0, Point("cfg", "ratio", 2, "ddim", 16), 64.0, coverage=0.9),
    ]
    (gain,) = sweep_report(points)["gains"]
    assert gain["best"]["FD"]["value"] == -1
    assert gain["diversity"]["coverage"]["value"] == pytest.approx(0.1)
    equal, dearer = gain["scales"]
    assert equal["same_cost"]["FD"]["value"] == -1
    assert (dearer["same_steps"]["FD"]["value"], dearer["same_cost"]) == (-8, None)
    (alone,) = sweep_report([points[0], points[2]])["gains"]
    assert (alone["best"], alone["diversity"]) == (None, None)


def test_points_are_in_order_whichever_process_finished_first():
    found = [
        row(2.0, Point(rule, gain, scale, "ddim", steps))
        for scale, rule, gain, steps in [
            (1, "cfg", "plain", 8),
            (3, "cfg", "plain", 8),
            (3, "cfg", "plain", 16),
            (3, "cfg", "auto", 8),
            (3, "linear", "plain", 8),
            (5, "cfg", "reg", 8),
        ]
    ]
    mixed = [found[k] for k in (3, 5, 1, 4, 0, 2)]
    points = [told["point"] for told in sweep_report(mixed)["points"]]
    assert points == [each["point"] for each in found]
