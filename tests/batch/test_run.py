"""Batches in this process: results, failures, tables, and what a second run does."""

import csv
import json
import shutil
import weakref
from pathlib import Path

import pytest
import torch
from PIL import Image, ImageChops

import yuragi
from yuragi.batch.run import run_batch
from yuragi.batch.settings import Batch
from yuragi.models.opening import Opening
from yuragi.tasks.run import run_all

CPU = Opening(device="cpu")


def batch(manifest, folder, **more):
    return run_batch(Batch(manifest=manifest, output=str(folder), **more), CPU)


def table(path):
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


def files(folder):
    """Every file of the results, with what tells whether it was written again."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".csv")
    return {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}


def largest(one, other):
    low_high = ImageChops.difference(one.convert("RGB"), other.convert("RGB")).getextrema()
    return max(high for _, high in low_high)


def test_each_result_is_that_of_its_row_alone(mixed, tmp_path, tiny, folder):
    done = batch(mixed, tmp_path / "out")
    assert (done.rows, done.pace.made, done.pace.failed) == (9, 9, 0)
    rows = table(done.results)
    assert [int(row["row"]) for row in rows] == list(range(1, 10))
    assert rows[0]["id"] == "first"
    made = [[Image.open(tmp_path / "out" / file) for file in row["files"].split()] for row in rows]
    assert [len(each) for each in made] == [1, 2, 1, 1, 1, 1, 1, 1, 1]
    few = {"num_inference_steps": 3}
    own = [
        tiny.sdedit(folder / "a.png", prompt="a person", seed=1, **few),
        tiny.sample("a person", seed=1, num_images=2, **few),
        tiny.sdedit(folder / "b.png", prompt="red hair", seed=1, **few),
        tiny.sample("red hair", seed=int(rows[3]["seed"]), **few),
        tiny.sample("red hair", seed=int(rows[4]["seed"]), **few),
        tiny.sdedit(folder / "a.png", prompt="a person", seed=1, strength=0.9, **few),
        tiny.drag(folder / "a.png", points=[((26, 22), (38, 22))], seed=4),
        tiny.sdedit(folder / "a.png", prompt="a person", seed=7, **few),
        tiny.sdedit(folder / "b.png", prompt="a person", seed=7, **few),
    ]
    for found, alone in zip(made, own, strict=True):
        for one, other in zip(found, alone.images, strict=True):
            assert largest(one, other) <= 1
    assert largest(made[3][0], made[4][0]) > 1  # equal rows, other seeds


def test_a_file_of_a_batch_can_be_replayed(mixed, tmp_path, pipeline_folder):
    done = batch(mixed, tmp_path / "out")
    file = tmp_path / "out" / table(done.results)[2]["files"]
    assert yuragi.replay(file, pipeline_folder, device="cpu").difference <= 1


def test_receipts_say_the_cost_and_no_path(mixed, tmp_path, pipeline_folder):
    done = batch(mixed, tmp_path / "out")
    for row in table(done.results):
        first = row["files"].split()[0].removesuffix("-0000.png").removesuffix(".png")
        text = (tmp_path / "out" / f"{first}.png.json").read_text()
        told = json.loads(text)
        assert told["files"] == row["files"].split()
        assert told["request"]["seed"] == int(row["seed"])
        assert str(tmp_path) not in text
        assert str(pipeline_folder.parent) not in text
        assert told["evaluations"] > 0 or row["kind"] == "drag"


def test_a_second_run_makes_nothing(mixed, tmp_path):
    out = tmp_path / "out"
    batch(mixed, out)
    before = files(out)
    done = batch(mixed, out)
    assert (done.pace.before, done.pace.made) == (9, 0)
    assert files(out) == before
    assert len(table(done.results)) == 9


def test_what_is_gone_is_made_again_and_nothing_else(mixed, tmp_path):
    out = tmp_path / "out"
    batch(mixed, out)
    before = files(out)
    lost = next(path for path in before if path.name.endswith(".png.json"))
    name = lost.name.removesuffix(".png.json")
    lost.unlink()
    done = batch(mixed, out)
    assert (done.pace.before, done.pace.made) == (8, 1)
    after = files(out)
    assert after.keys() == before.keys()
    assert all(path.name.startswith(name) for path in after if after[path] != before[path])
    assert after[lost] != before[lost]


def test_a_longer_manifest_makes_only_its_new_rows(manifest, tmp_path):
    rows = [
        {"kind": "sample", "prompt": word, "num_inference_steps": 2} for word in ("red", "hair")
    ]
    batch(manifest(rows[0]), tmp_path / "out")
    done = batch(manifest(rows[1], rows[0]), tmp_path / "out")
    assert (done.pace.before, done.pace.made) == (1, 1)


@pytest.fixture
def partly(manifest, folder):
    """Four rows of one chunk and one of another, of which the second cannot be made."""
    edit = {"kind": "sdedit", "num_inference_steps": 2, "prompt": "a person"}
    return manifest(
        {**edit, "image": "a.png"},
        {**edit, "image": "a.png", "prompt": "blargh glorp", "id": "odd"},
        {**edit, "image": "b.png"},
        {**edit, "image": "a.png", "consent": True},
        {"kind": "sample", "prompt": "a person", "num_inference_steps": 2},
    )


def test_a_row_that_fails_leaves_the_others_alone(partly, tmp_path):
    done = batch(partly, tmp_path / "out")
    assert (done.pace.made, done.pace.failed) == (4, 1)
    (row,) = table(done.failures)
    assert (row["row"], row["id"], row["column"]) == ("2", "odd", "prompt")
    assert row["value"] == "blargh glorp"
    assert "knows none of these words" in row["reason"]
    assert [each["row"] for each in table(done.results)] == ["1", "3", "4", "5"]


def test_a_failure_is_tried_again_and_leaves_the_table(partly, tmp_path, monkeypatch):
    def full(*given, **named):
        raise RuntimeError("the accelerator is gone")

    with monkeypatch.context() as broken:
        broken.setattr("yuragi.batch.work.run_all", full)
        done = batch(partly, tmp_path / "out")
    assert (done.pace.made, done.pace.failed) == (0, 5)
    assert {row["reason"] for row in table(done.failures)} == {
        "RuntimeError: the accelerator is gone"
    }
    done = batch(partly, tmp_path / "out")
    assert (done.pace.made, done.pace.failed) == (4, 1)
    assert len(table(done.failures)) == 1


def test_a_policy_refuses_rows_and_not_the_batch(partly, tmp_path):
    rules = tmp_path / "policy.toml"
    rules.write_text('[consent]\ntasks = ["sdedit"]\n')
    done = batch(partly, tmp_path / "out", policy=rules)
    assert (done.pace.made, done.pace.failed) == (2, 3)
    refused = table(done.failures)
    assert [row["row"] for row in refused] == ["1", "2", "3"]
    assert all(row["reason"].startswith("refused by the policy") for row in refused)


def test_a_picture_that_changes_after_the_check_is_not_edited(manifest, folder, tmp_path):
    edit = {"kind": "sdedit", "num_inference_steps": 2, "prompt": "a person"}
    rows = manifest({**edit, "image": "a.png"}, {**edit, "image": "b.png"})

    def swap(pace):
        (folder / "b.png").write_bytes((folder / "a.png").read_bytes())

    done = run_batch(Batch(manifest=rows, output=str(tmp_path / "out")), CPU, swap)
    assert done.pace.made == 1
    (row,) = table(done.failures)
    assert row["row"] == "2"
    assert "changed since the manifest was checked" in row["reason"]


def test_a_model_that_is_replaced_after_the_check_makes_nothing(
    manifest, pipeline_folder, tmp_path
):
    model = shutil.copytree(pipeline_folder, tmp_path / "model")
    few = {"kind": "sample", "prompt": "a person", "num_inference_steps": 1, "model": str(model)}

    def replace(pace):
        weights = model / "unet" / "diffusion_pytorch_model.safetensors"
        data = bytearray(weights.read_bytes())
        data[-1] ^= 1
        weights.write_bytes(data)

    done = run_batch(Batch(manifest=manifest(few), output=str(tmp_path / "out")), CPU, replace)
    assert (done.pace.made, done.pace.failed) == (0, 1)
    (row,) = table(done.failures)
    assert row["column"] == "model"
    assert "other weights than those for which the result is named" in row["reason"]


def test_another_precision_is_another_result(manifest, tmp_path):
    rows = manifest({"kind": "sample", "prompt": "a person", "num_inference_steps": 1})
    whole = Batch(manifest=rows, output=str(tmp_path / "out"))
    run_batch(whole, CPU)
    done = run_batch(whole, Opening(device="cpu", dtype="bfloat16"))
    assert (done.pace.before, done.pace.made) == (0, 1)
    assert run_batch(whole, Opening(device="cpu", dtype="float32")).pace.before == 1


def test_results_can_lie_on_any_file_system(manifest):
    import fsspec

    rows = manifest({"kind": "sample", "prompt": "a person", "num_inference_steps": 2})
    done = batch(rows, "memory://made")
    again = batch(rows, "memory://made")
    assert (done.pace.made, again.pace.before) == (1, 1)
    files = fsspec.filesystem("memory")
    (row,) = csv.DictReader(files.cat_file("/made/results.csv").decode().splitlines())
    assert files.cat_file(f"/made/{row['files']}").startswith(b"\x89PNG")


def test_other_formats_are_results_of_their_own(manifest, tmp_path):
    rows = manifest({"kind": "sample", "prompt": "a person", "num_inference_steps": 2, "seed": 1})
    out = tmp_path / "out"
    batch(rows, out)
    done = batch(rows, out, files={"format": "jpg", "embed": False})
    assert done.pace.made == 1
    assert {path.suffix for path in out.rglob("*.*g")} == {".png", ".jpg"}
    assert table(done.results)[0]["files"].endswith(".jpg")


def test_progress_counts_what_was_there_and_tells_the_time_left(mixed, tmp_path):
    seen = []
    whole = Batch(manifest=mixed, output=str(tmp_path / "out"))
    run_batch(whole, CPU, seen.append)
    assert (seen[0].done, seen[0].total, seen[0].left) == (0, 9, None)
    assert [each.done for each in seen] == list(range(10))
    middle = seen[5]
    assert middle.left == pytest.approx((9 - 5) * middle.seconds / 5)
    run_batch(whole, CPU, seen.append)
    assert seen[-1].before == 9


def test_stopping_keeps_what_is_made(mixed, tmp_path):
    def stop(pace):
        if pace.made == 3:
            raise KeyboardInterrupt

    whole = Batch(manifest=mixed, output=str(tmp_path / "out"))
    with pytest.raises(KeyboardInterrupt):
        run_batch(whole, CPU, stop)
    assert len(table(tmp_path / "out" / "results.csv")) == 3
    assert run_batch(whole, CPU).pace.before >= 3


def test_tables_hold_any_text(manifest, tmp_path):
    broken = "\ud800"  # half of a surrogate pair, which JSON can write
    sample = {"kind": "sample", "prompt": "red", "num_inference_steps": 1, "seed": 0}
    done = batch(manifest({**sample, "id": broken}), tmp_path / "out")
    assert [row["id"] for row in table(done.results)] == ["\\ud800"]
    with pytest.raises(yuragi.YuragiError):
        batch(manifest({**sample, "strength": broken}), tmp_path / "other")
    assert len(table(tmp_path / "other" / "invalid.csv")) == 1


def test_rows_run_alone_after_the_memory_of_their_batch_is_free(manifest, tmp_path, monkeypatch):
    """An error holds the tensors of the run that it ended, for as long as it is handled."""
    held, alive = [], []

    def out_of_memory(requests, *given, **named):
        if len(requests) > 1:
            tensor = torch.zeros(4)
            held.append(weakref.ref(tensor))
            raise RuntimeError("the device is full")
        alive.append(held[0]() is not None)
        return run_all(requests, *given, **named)

    monkeypatch.setattr("yuragi.batch.work.run_all", out_of_memory)
    sample = {"kind": "sample", "prompt": "red", "num_inference_steps": 1}
    done = batch(manifest(*({**sample, "seed": k} for k in range(2))), tmp_path / "out")
    assert (done.pace.made, done.pace.failed) == (2, 0)
    assert alive == [False, False]
