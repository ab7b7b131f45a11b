"""Lines of JSON survive that the process is killed while it writes one."""

import json

import pytest

from yuragi.research.lines import Lines


@pytest.mark.parametrize("left", ['{"k": 2, "text": "hal', '{"k": 2', "{", '"k"'])
def test_an_incomplete_line_is_ignored_and_then_replaced(tmp_path, left):
    lines = Lines(tmp_path / "new" / "rows.jsonl")
    assert list(lines) == []
    lines.add({"k": 1})
    with lines.path.open("a", encoding="utf-8") as file:
        file.write(left)
    assert list(lines) == [{"k": 1}]
    lines.add({"k": 3})
    assert [json.loads(line) for line in lines.path.read_text().splitlines()] == [
        {"k": 1},
        {"k": 3},
    ]


def test_a_complete_line_without_its_end_is_kept(tmp_path):
    lines = Lines(tmp_path / "rows.jsonl")
    lines.path.write_text('{"k": 1}')
    lines.add({"k": 2})
    assert list(lines) == [{"k": 1}, {"k": 2}]


def test_text_of_any_script_is_kept(tmp_path):
    lines = Lines(tmp_path / "rows.jsonl")
    lines.add({"name": "揺らぎ\u2028"})
    assert list(lines) == [{"name": "揺らぎ\u2028"}]
