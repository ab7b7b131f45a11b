"""How benchmarks end."""

import json

from yuragi.research.cli.reports import finish, short_table, transposed


def test_a_short_table():
    rows = {"plain": {"fd": {"value": 12.34, "low": 1, "high": 20}, "name": "x"}, "reg": {"fd": 2}}
    assert short_table(rows).splitlines() == ["         fd", "plain  12.3", "reg       2"]


def test_transposed():
    assert transposed({1: {"cfg": 2}, 3: {"reg": 4}}) == {
        "cfg": {"1": 2, "3": None},
        "reg": {"1": None, "3": 4},
    }


def test_a_report_is_a_table_and_a_file(tmp_path, capsys):
    path = tmp_path / "new" / "report.json"
    finish({"n": 3}, path, False, {"cfg": {"kl": 1.5}})
    assert capsys.readouterr().out.splitlines() == ["      kl", "cfg  1.5", str(path)]
    assert json.loads(path.read_text()) == {"n": 3}


def test_a_report_is_one_line(tmp_path, capsys):
    path = tmp_path / "report.json"
    finish({"n": 3}, path, True, {"cfg": {"kl": 1.5}}, [tmp_path / "sheet.jpg"])
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out) == {"n": 3, "files": [str(path), str(tmp_path / "sheet.jpg")]}
