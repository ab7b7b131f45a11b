"""The whole manifest is checked before a model is loaded."""

import csv
import json

import pytest

from yuragi.batch.check import ManifestError, checked
from yuragi.batch.plan import Planner
from yuragi.batch.run import run_batch
from yuragi.batch.settings import Batch
from yuragi.errors import InputError
from yuragi.models.opening import Opening

GUIDANCE = {"rule": {"name": "interval", "interval": [0.2, 0.8]}, "gain": "ratio"}


CPU = Opening(device="cpu")


def plan(manifest):
    planner = Planner(0, CPU)
    assert checked(str(manifest), planner, lambda row: None) == []
    return planner.plan()


def problems(manifest):
    return checked(str(manifest), Planner(0, CPU), lambda row: None)


def table(place):
    with open(place, newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def loading(monkeypatch):
    """Fails if a model is loaded."""

    def load(*given, **named):
        raise AssertionError("a model was loaded")

    monkeypatch.setattr("yuragi.service.loaded.load_model", load)


def test_every_wrong_row_is_told_and_nothing_is_loaded(manifest, tmp_path, loading):
    rows = manifest(
        {"kind": "sample", "prompt": "a person"},
        {"kind": "sdedit", "image": "a.png", "prompt": "x", "strength": 7, "id": "hot"},
        {"kind": "sdedit", "image": "none.png", "prompt": "x"},
        {"kind": "sampel"},
        {"kind": "sample", "prompt": "x", "steps": 3},
        {"kind": "sdedit", "image": 3, "prompt": "x"},
        {"kind": "drag", "image": "a.png", "points": [[[1, 1], [900, 1]]]},
        {"kind": "sample", "prompt": "x", "guidance": {"gain": {"name": "reg", "no": 1}}},
    )
    with pytest.raises(ManifestError) as refused:
        run_batch(Batch(manifest=rows, output=str(tmp_path / "out")))
    found = [(each.row, each.error.argument) for each in refused.value.problems]
    assert found == [
        (2, "strength"),
        (3, "image"),
        (4, "kind"),
        (5, "steps"),
        (6, "image"),
        (7, "points"),
        (8, "no"),
    ]
    assert "row 2 (hot): strength must be" in str(refused.value)
    assert "(given: 7)" in str(refused.value)
    told = table(refused.value.table)
    assert [row["row"] for row in told] == ["2", "3", "4", "5", "6", "7", "8"]
    assert [row["id"] for row in told] == ["hot", "", "", "", "", "", ""]
    assert told[0]["kind"] == "sdedit"
    assert (told[0]["column"], told[0]["value"]) == ("strength", "7")
    assert "strength must be" in told[0]["reason"]


def test_a_long_list_is_cut_in_the_message_and_whole_in_the_table(manifest, tmp_path):
    rows, out = manifest(*[{"kind": "sample", "seed": -1}] * 25), tmp_path / "out"
    with pytest.raises(ManifestError) as refused:
        run_batch(Batch(manifest=rows, output=str(out)), CPU)
    head, *lines, more, advice = str(refused.value).splitlines()
    assert head == f"25 rows of {rows} cannot be made:"
    assert [line.partition(":")[0] for line in lines] == [f"  row {k}" for k in range(1, 21)]
    assert more == "  and 5 more"
    assert advice == f"{out / 'invalid.csv'} lists them all; --skip-invalid makes the other rows"
    assert len(table(out / "invalid.csv")) == 25


def test_a_refusal_leaves_the_tables_of_an_earlier_run(manifest, tmp_path):
    out = tmp_path / "out"
    good = {"kind": "sample", "prompt": "red", "num_inference_steps": 1}
    odd = {**good, "prompt": "blargh"}
    run_batch(Batch(manifest=manifest(good, odd), output=str(out)), CPU)
    before = {file: (out / file).read_bytes() for file in ("results.csv", "failures.csv")}
    assert before["failures.csv"].count(b"\n") == 2
    with pytest.raises(ManifestError):
        run_batch(Batch(manifest=manifest(good, {**good, "seed": -1}), output=str(out)), CPU)
    assert {file: (out / file).read_bytes() for file in before} == before


def test_rows_that_are_not_valid_can_be_skipped(manifest, tmp_path):
    good = {"kind": "sample", "prompt": "red", "num_inference_steps": 1, "seed": 1}
    rows = manifest(
        {**good, "prompt": "blargh", "id": "odd"},
        {**good, "num_images": 0, "id": "none"},
        good,
        {"kind": "sampel"},
    )
    out = tmp_path / "out"
    done = run_batch(Batch(manifest=rows, output=str(out), skip_invalid=True), CPU)
    assert (done.rows, done.invalid, done.pace.made, done.pace.failed) == (4, 2, 1, 1)
    assert [row["row"] for row in table(done.results)] == ["3"]
    told = [(row["row"], row["id"], row["kind"], row["column"]) for row in table(done.failures)]
    assert told == [
        ("1", "odd", "sample", "prompt"),
        ("2", "none", "sample", "num_images"),
        ("4", "", "sampel", "kind"),
    ]
    assert not (out / "invalid.csv").exists()


def test_a_line_that_cannot_be_read_is_a_row_that_is_not_valid(folder):
    good = json.dumps({"kind": "sample", "prompt": "red"})
    deep = "[" * 100_000
    (folder / "m.jsonl").write_text(f'{good}\n{{"kind": "sa\n[1]\n{deep}\n{good}\n')
    assert [each.row for each in problems(folder / "m.jsonl")] == [2, 3, 4]
    (folder / "m.csv").write_text("kind,prompt\nsample,red\nsample\nsample,red,3\nsample,red\n")
    found = problems(folder / "m.csv")
    assert [(each.row, each.error.value) for each in found] == [(2, 1), (3, 3)]
    assert all(each.error.argument == "cells" for each in found)


@pytest.mark.parametrize(
    ("task", "column", "value", "allowed"),
    [
        ("sample", "model", 3, "text"),
        ("sample", "model", ["a"], "text"),
        ("drag", "preset", ["a"], "one of warp, paper, fast"),
        ("drag", "sampler", {}, "one of sde, ode, adaptive"),
        ("drag", "regions", 7, "a list"),
        ("drag", "radius", 10**400, "a valid number"),
    ],
)
def test_a_value_of_another_kind_is_told_by_its_column(manifest, task, column, value, allowed):
    given = {"image": "a.png", "points": ["26,22:38,22"]} if task == "drag" else {}
    (found,) = problems(manifest({"kind": task, **given, column: value}))
    assert (found.error.argument, found.error.value) == (column, value)
    assert f"{column} must be {allowed} (given: " in str(found)


def test_an_empty_manifest_is_refused(manifest, folder):
    (folder / "m.csv").write_text("kind,seed\n")
    with pytest.raises(InputError, match="no rows"):
        plan(folder / "m.csv")


def test_a_table_says_the_same_as_json_lines(folder, manifest, pipeline_folder):
    points = ["26,22:38,22", "30,30:30,40"]
    rows = [
        {"kind": "drag", "image": "a.png", "points": points, "seed": 4, "id": "a"},
        {"kind": "drag", "image": "a.png", "points": points[:1], "seed": 4, "id": ""},
        {"kind": "sample", "prompt": "[red] hair", "num_images": 2, "seed": 1, "id": "b"},
        {"kind": "sample", "prompt": "red", "guidance": GUIDANCE, "seed": 1, "id": ""},
    ]
    columns = ["kind", "model", "image", "prompt", "points", "guidance", "num_images", "seed", "id"]
    cells = [
        ["drag", "", "a.png", "", '["26,22:38,22", "30,30:30,40"]', "", "", "4", "a"],
        ["drag", "", "a.png", "", points[0], "", "", "4", ""],
        ["sample", "", "", "[red] hair", "", "", "2", "1", "b"],
        ["sample", "", "", "red", "", json.dumps(GUIDANCE), "", "1", ""],
    ]
    with (folder / "m.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows([[row[0], str(pipeline_folder), *row[2:]] for row in cells])
    one, other = plan(manifest(*rows)), plan(folder / "m.csv")
    assert one.rows == other.rows


def test_pictures_lie_beside_the_manifest_or_anywhere(folder, manifest, picture):
    import fsspec

    with fsspec.open("memory://pictures/a.png", "wb") as file:
        file.write((folder / "a.png").read_bytes())
    edit = {"kind": "sdedit", "prompt": "x", "seed": 1}
    found = plan(
        manifest(
            {**edit, "image": "a.png"},
            {**edit, "image": str(folder / "a.png")},
            {**edit, "image": "memory://pictures/a.png"},
        )
    )
    first, second, third = found.rows
    assert first.name == second.name
    digests = [item.made().request.image.digest for chunk in found.chunks for item in chunk]
    assert len(digests) == 2
    assert len(set(digests)) == 1  # the third has no file name
    assert third.name != first.name
