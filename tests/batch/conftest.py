"""Manifests over the tiny pipeline, and pictures beside them."""

import json

import pytest

FEW = {"num_inference_steps": 3, "seed": 1}


@pytest.fixture
def folder(tmp_path, picture):
    """A folder with two pictures."""
    made = tmp_path / "given"
    made.mkdir()
    picture.save(made / "a.png")
    picture.transpose(0).save(made / "b.png")
    return made


@pytest.fixture
def manifest(folder, pipeline_folder):
    """Write rows, with the tiny model, as JSON lines; returns the file."""

    def write(*rows, name="edits.jsonl"):
        lines = [json.dumps({"model": str(pipeline_folder), **row}) for row in rows]
        file = folder / name
        file.write_text("\n".join(lines) + "\n")
        return str(file)

    return write


@pytest.fixture
def mixed(manifest):
    """Nine rows of three tasks; two pairs of them are alike."""
    edit = {"kind": "sdedit", "prompt": "a person", **FEW}
    return manifest(
        {**edit, "image": "a.png", "id": "first"},
        {"kind": "sample", "prompt": "a person", **FEW, "num_images": 2},
        {**edit, "image": "b.png", "prompt": "red hair"},
        {"kind": "sample", "prompt": "red hair", "num_inference_steps": 3},
        {"kind": "sample", "prompt": "red hair", "num_inference_steps": 3},
        {**edit, "image": "a.png", "strength": 0.9},
        {"kind": "drag", "image": "a.png", "points": [[[26, 22], [38, 22]]], "seed": 4},
        {**edit, "image": "a.png", "seed": 7},
        {**edit, "image": "b.png", "seed": 7},
    )
