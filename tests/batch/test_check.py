"""The whole manifest is checked before a model is loaded."""

import csv
import json

import pytest

from yuragi.batch.check import ManifestError, checked
from yuragi.batch.plan import Planner
from yuragi.batch.run import run_batch
from yuragi.batch.settings import Batch
from yuragi.errors import InputError

GUIDANCE = {"rule": {"name": "interval", "interval": [0.2, 0.8]}, "gain": "ratio"}


def plan(manifest, seed=0):
    return checked(str(manifest), Planner(seed), lambda row: None).plan()


def test_every_wrong_row_is_told_and_nothing_is_loaded(manifest, tmp_path, monkeypatch):
    def load(*given, **named):
        raise AssertionError("a model was loaded")

    monkeypatch.setattr("yuragi.service.loaded.load_model", load)
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
    assert not (tmp_path / "out").exists()


def test_a_long_list_is_cut(manifest):
    rows = manifest(*[{"kind": "sample", "seed": -1}] * 25)
    with pytest.raises(ManifestError, match=r"25 rows of .*\n(  row .*\n){20}  and 5 more$"):
        plan(rows)


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
