"""The snippets of docs/models.md are files, and run as they stand: on tiny pipelines."""

from pathlib import Path

import numpy as np
import pytest
from tiny_pipelines import build

import yuragi
from yuragi.tasks.replay import read_result

ROOT = Path(__file__).parents[3]
SNIPPETS = sorted((ROOT / "docs_src" / "models").glob("*.py"))
FAMILY = {"sd": "sd1", "pixart": "pixart-sigma"}


@pytest.fixture
def desk(tmp_path, monkeypatch, scene, mask):
    """A folder with a photo and a mask."""
    scene.save(tmp_path / "photo.png")
    mask.save(tmp_path / "mask.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("file", SNIPPETS, ids=lambda file: file.stem)
def test_a_snippet_runs(file, desk, monkeypatch):
    pipeline = build(FAMILY.get(file.stem, file.stem))
    kind = type(pipeline)
    monkeypatch.setattr(kind, "from_pretrained", lambda name, **settings: pipeline)
    monkeypatch.setattr(kind, "to", lambda self, device: self)
    # Ten levels instead of fifty: what is tested is that it runs.
    made = yuragi.model.build
    monkeypatch.setattr(
        yuragi.model,
        "build",
        lambda kind, given, reading: made(kind, given | {"num_inference_steps": 10}, reading),
    )
    exec(compile(file.read_text("utf-8"), str(file), "exec"), {})
    record, kept = read_result(desk / "out.png")
    assert record.request.model == f"<{kind.__name__}>"
    assert np.asarray(kept).std() > 0


def test_the_page_shows_the_files():
    page = (ROOT / "docs" / "models.md").read_text("utf-8")
    assert len(SNIPPETS) == 7
    for file in SNIPPETS:
        assert f"```python\n{file.read_text('utf-8')}```" in page, file.name
