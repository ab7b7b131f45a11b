"""Manifests in three forms, here and elsewhere."""

import re

import fsspec
import pytest

from yuragi.batch.manifest import read_manifest
from yuragi.errors import InputError

ROWS = [{"kind": "sample", "prompt": 'ä, "b"', "seed": 3}, {"kind": "drag", "points": [[[1, 2]]]}]


def test_json_lines_count_every_line(tmp_path):
    file = tmp_path / "m.jsonl"
    file.write_text('{"kind": "sample", "seed": 3}\n\n{"kind": "drag", "mask": null}\n', "utf-8")
    first, second = read_manifest(str(file))
    assert (first.number, first.values) == (1, {"kind": "sample", "seed": 3})
    assert (second.number, second.values) == (3, {"kind": "drag"})


def test_csv_cells_are_text_and_empty_ones_are_not_given(tmp_path):
    file = tmp_path / "m.csv"
    text = 'kind,prompt,seed,points\nsample,"ä, ""b""\n2",3,\ndrag,,,"[[[1, 2]]]"\n'
    file.write_text(text, "utf-8-sig")
    first, second = read_manifest(str(file))
    assert first.values == {"kind": "sample", "prompt": 'ä, "b"\n2', "seed": "3"}
    assert (second.number, second.values) == (2, {"kind": "drag", "points": "[[[1, 2]]]"})
    assert not first.typed


def test_parquet_has_the_same_rows_as_json_lines(tmp_path):
    pa = pytest.importorskip("pyarrow")
    from pyarrow.parquet import write_table

    kinds = pa.schema([("kind", pa.string()), ("prompt", pa.string()), ("seed", pa.int64())])
    kinds = kinds.append(pa.field("points", pa.list_(pa.list_(pa.list_(pa.int64())))))
    write_table(pa.Table.from_pylist(ROWS, kinds), tmp_path / "m.parquet")
    found = list(read_manifest(str(tmp_path / "m.parquet")))
    assert [each.values for each in found] == ROWS
    assert [each.number for each in found] == [1, 2]


def test_a_manifest_can_lie_on_any_file_system():
    with fsspec.open("memory://lists/m.jsonl", "w") as file:
        file.write('{"kind": "sample"}')
    (row,) = read_manifest("memory://lists/m.jsonl")
    assert row.values == {"kind": "sample"}


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("m.jsonl", b'{"kind"\n{"kind": "sample"}', "line: this is no JSON: .* a JSON object"),
        ("m.jsonl", b'[1]\n{"kind": "sample"}', r"line must be a JSON object \(given: \[1\]\)"),
        (
            "m.jsonl",
            b'{"kind": "drag", "seed": 1, "seed": 2}\n{"kind": "sample"}',
            "line: .*'seed' is given twice",
        ),
        ("m.csv", b"kind,seed\nsample\nsample,\n", r"cells must be as many .* \(given: 1\)"),
        ("m.csv", b"kind,seed\na,1,2,3\nsample,\n", r"cells must be as many .* \(given: 4\)"),
    ],
)
def test_a_row_that_cannot_be_read_leaves_the_others(tmp_path, name, data, said):
    file = tmp_path / name
    file.write_bytes(data)
    problem, row = read_manifest(str(file))
    assert problem.row == 1
    assert re.search(said, str(problem))
    assert (row.number, row.values) == (2, {"kind": "sample"})


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("m.jsonl", b"\xff\xfe", r"UTF-8"),
        ("m.csv", b'kind,seed\nsample,"1', r"unexpected end of data"),
        ("m.csv", b"kind,seed,seed\nsample,1,2\n", r"two columns of this name \(column seed\)"),
        (
            "m.csv",
            b"kind;seed\nsample;1\n",
            r"separated by commas \(header kind;seed\); not by ';'",
        ),
        ("m.parquet", b"PAR1", r"no Parquet file"),
        ("m.txt", b"", r"ending in \.jsonl, \.csv, \.parquet"),
    ],
)
def test_what_is_no_manifest_is_refused(tmp_path, name, data, said):
    file = tmp_path / name
    file.write_bytes(data)
    with pytest.raises(InputError, match=said):
        list(read_manifest(str(file)))


@pytest.mark.parametrize("place", ["no/m.jsonl", "memory://no/m.csv"])
def test_a_missing_manifest_is_said_to_be_missing(place):
    with pytest.raises(InputError, match="manifest: the file is missing"):
        list(read_manifest(place))
