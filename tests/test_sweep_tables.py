"""The tables of pages about sweeps: what they leave out, and what they count."""

import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture
def scripts(monkeypatch):
    """The modules that the scripts of the pages share."""
    monkeypatch.syspath_prepend(DOCS)
    for name in ("reports", "sweep_tables"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import reports
    import sweep_tables

    return reports, sweep_tables


def test_areas_are_no_test_of_gains_and_their_intervals_are_whole(scripts):
    _, tables = scripts
    ends = {"value": 0.001, "low": -0.0005, "high": 0.0025}
    areas = {
        "corner": {"FD": 5.0, "coverage": 0.5, "cost": 16.0},
        "cfg + plain (ddim, trailing)": {"area": ends},
        "cfg + reg (ddim, trailing)": {"area": ends, "added_to_plain": ends | {"low": 0.0005}},
    }
    told = tables.of_areas({"areas": areas})
    assert "| cfg + reg (ddim, trailing) | 1 [-0.5, 2.5] | 1 |" in told
    assert "**" not in told


def test_the_front_is_listed_from_the_cheapest_point_on(scripts):
    _, tables = scripts

    def point(arm, cost):
        figure = {"value": 0.5, "low": 0.4, "high": 0.6}
        figures = dict.fromkeys(("FD", "coverage", "accuracy"), figure)
        return {"arm": arm, "point": {"scale": 2.0}, "cost": cost, "figures": figures}

    report = {
        "areas": {"corner": {"FD": 5.0}},
        "front": ["b at 2", "a at 2"],
        "points": [point("b", 16.0), point("a", 8.0), point("c", 4.0)],
    }
    rows = tables.of_front(report).splitlines()[2:]
    assert [row.split(" | ")[0] for row in rows] == ["| a", "| b"]


def test_differences_that_are_bold_by_chance_are_counted(scripts):
    reports, _ = scripts
    rows = "| **+1.000 [+0.500, +1.500]** | -0.100 [-0.300, +0.100] | 5.2 [5.0, 5.4] |\n" * 20
    told = reports.with_chances(f"<!-- chance: begin -->\n<!-- chance: end -->\n{rows}")
    assert "40 differences" in told
    assert "20 of them are bold" in told
    assert "about 2 would" in told
