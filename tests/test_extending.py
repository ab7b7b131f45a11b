"""The examples of docs/extending.md, installed as a package of somebody else's."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "extending.md").read_text("utf-8")
FILES = sorted((ROOT / "docs_src" / "extending").glob("*.py"))


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A folder as pip leaves it: the files, and the entry points that the page shows."""
    folder = tmp_path_factory.mktemp("site")
    for file in FILES:
        (folder / file.name).write_text(file.read_text("utf-8"))
    info = folder / "extended-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: extended\nVersion: 1.0\n")
    (toml,) = re.findall(r"```toml\n(.*?)```", PAGE, re.S)
    groups = re.sub(r'\[project\.entry-points\."(.*?)"\]', r"[\1]", toml).replace('"', "")
    (info / "entry_points.txt").write_text(groups)
    return folder


@pytest.fixture
def call(package, tmp_path):
    def run(*arguments):
        paths = [str(package), str(ROOT / "src"), str(ROOT / "tests" / "models" / "families")]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths)}
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
        )

    return run


def request_of(path):
    with Image.open(path) as picture:
        return json.loads(picture.text["yuragi"])["request"]


def test_the_page_shows_the_files():
    assert len(FILES) == 5
    for file in FILES:
        assert f"```python\n{file.read_text('utf-8')}```" in PAGE, file.name


def test_a_solver_and_a_gain(call, tmp_path, pipeline_folder):
    done = call(
        *("-m", "yuragi", "sample", "--prompt", "red", "--model", pipeline_folder, "--steps", 4),
        *("--solver", "midpoint", "--gain", "damped", "--factor", 0.3, "-o", "a.png"),
    )
    assert done.returncode == 0, done.stderr
    request = request_of(tmp_path / "a.png")
    assert request["solver"] == "midpoint"
    assert request["guidance"]["gain"] == {"name": "damped", "factor": 0.3}
    assert "16 network evaluations" in done.stderr  # two sides, two evaluations a step
    done = call("-m", "yuragi", "replay", "a.png")
    assert done.stdout == "identical, bit for bit\n", done.stderr
    bad = ["--prompt", "red", "-o", "c.png", "--gain", "damped", "--factor", "7"]
    done = call("-m", "yuragi", "sample", *bad)
    assert (done.returncode, done.stderr.startswith("error: --factor must be ")) == (2, True)


def test_a_task(call, tmp_path, pipeline_folder):
    pixels = np.random.default_rng(0).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    done = call(
        *("-m", "yuragi", "vary", "photo.png", "--model", pipeline_folder, "--steps", 10),
        *("-o", "b.png"),
    )
    assert done.returncode == 0, done.stderr
    request = request_of(tmp_path / "b.png")
    assert (request["kind"], request["strength"]) == ("vary", 0.3)
    assert "vary" in call("-m", "yuragi", "--help").stdout


def test_a_family(call):
    code = (
        "import yuragi\n"
        "from renamed import StudioPipeline\n"
        "from tiny_pipelines import build\n"
        "pipe = StudioPipeline(**build('sd1').components, requires_safety_checker=False)\n"
        "result = yuragi.load(pipe).sample('a cat', num_inference_steps=2, seed=0)\n"
        "print(result.request.model, result.image.size)\n"
    )
    done = call("-c", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("<StudioPipeline> (")


def test_features(call, tmp_path):
    """The distance of pictures from the same ones, 20 levels brighter, is that of their means."""
    drawn = np.random.default_rng(0)
    for k in range(12):
        pixels = drawn.integers(50, 200, (16, 16, 3), dtype=np.uint8)
        for folder, added in (("real", 0), ("ours", 20)):
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.fromarray(pixels + np.uint8(added)).save(tmp_path / folder / f"{k}.png")
    measure = ("-m", "yuragi", "measure", "sets", "real", "ours", "--features")
    done = call(*measure, "colours", "--json")
    assert done.returncode == 0, done.stderr
    (figures,) = json.loads(done.stdout)["figures"].values()
    found = {figure["name"]: figure for figure in figures}["FD-Colours"]
    assert found["value"] == pytest.approx(12 * (20 / 127.5) ** 2, rel=1e-3)
    assert found["backend"].startswith("colours")
    done = call(*measure, "colours:here")
    assert (done.returncode, "it has no weights" in done.stderr) == (2, True)
