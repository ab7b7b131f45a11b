"""How benchmarks end."""

import json

from yuragi.research.cli.reports import estimate, finish, transposed

REPORT = {"n": 3, "seeds": [0]}


def printed(capsys, report, path, rows, more=()):
    finish(report, path, False, rows, more)
    return capsys.readouterr().out.splitlines()


def test_an_estimate_has_its_interval_and_its_origin(tmp_path, capsys):
    figure = estimate(12.34, 1, 20) | {"backend": "efflite0", "seeds": "0-2"}
    rows = {"plain": {"fd": figure, "cost": 16}, "reg": {"fd": estimate(2.0, 1.5, 2.5), "of": "x"}}
    path = tmp_path / "new" / "report.json"
    assert printed(capsys, REPORT, path, rows) == [
        "                   fd  cost",
        "plain  12.3 [1, 20.0]    16",
        "reg      2 [1.5, 2.5]",
        "n 3, measured by efflite0, seeds 0-2",
        str(path),
    ]
    assert json.loads(path.read_text()) == REPORT


def test_intervals_of_a_row_belong_to_its_numbers(tmp_path, capsys):
    rows = {"ours": {"psnr": 35.0, "seconds": 0.4, "intervals": {"psnr": [33.9, 36.1]}}}
    lines = printed(capsys, REPORT | {"rows": rows}, tmp_path / "r.json", rows)
    assert lines[1] == "ours  35.0 [33.9, 36.1]      0.4"
    assert len(lines) == 4
    assert json.loads((tmp_path / "r.json").read_text())["rows"] == rows


def test_without_figures_the_report_tells_backend_and_seeds(tmp_path, capsys):
    report = {"n": 500, "seeds": list(range(500)), "backend": "clip"}
    lines = printed(capsys, report, tmp_path / "r.json", {"cfg": {"kl": 1.5}})
    assert lines[:3] == ["      kl", "cfg  1.5", "n 500, measured by clip, seeds 0 to 499"]


def test_what_does_not_fit_into_100_columns_is_named(tmp_path, capsys):
    values = {f"measure {k}": estimate(0.123, 0.101, 0.155) for k in range(6)}
    path = tmp_path / "r.json"
    *table, origin, rest, file = printed(
        capsys, REPORT, path, {"plain": values | {"by kind": {"a": 1}, "arm": "plain"}}
    )
    assert max(map(len, table)) <= 100
    assert "measure 3" in table[0]
    assert "measure 4" not in table[0]
    assert (origin, file) == ("n 3, seeds 0", str(path))
    assert rest == f"Only in {path}: measure 4, measure 5, by kind"


def test_one_column_is_shown_however_wide(tmp_path, capsys):
    lines = printed(capsys, REPORT, tmp_path / "r.json", {"r" * 120: {"kl": 1.5, "fd": 2.5}})
    assert lines[1] == "r" * 120 + "  1.5"


def test_transposed():
    assert transposed({1: {"cfg": 2}, 3: {"reg": 4}}) == {
        "cfg": {"1": 2, "3": None},
        "reg": {"1": None, "3": 4},
    }


def test_a_report_is_one_line(tmp_path, capsys):
    path = tmp_path / "report.json"
    finish(REPORT, path, True, {"cfg": {"kl": 1.5}}, [tmp_path / "sheet.jpg"])
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out) == REPORT | {"files": [str(path), str(tmp_path / "sheet.jpg")]}


def test_a_report_without_seeds_names_none(capsys, tmp_path):
    finish({"n": 5, "seeds": []}, tmp_path / "r.json", False, {"a": {"x": 1.0}})
    assert "\nn 5\n" in capsys.readouterr().out
