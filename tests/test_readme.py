"""Everything in README.md runs as it is printed, in a fresh folder."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
BLOCK = runpy.run_path(str(ROOT / "docs" / "run_commands.py"))["BLOCK"]
COMMANDS = [block for _, block in BLOCK.findall(README)]
SNIPPETS = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_every_command_is_in_a_block_that_runs():
    lines = [line for line in README.splitlines() if line.startswith("yuragi ")]
    assert lines
    assert set(lines) == {
        line for block in COMMANDS for line in block.splitlines() if line.startswith("yuragi ")
    }
    assert SNIPPETS


def test_the_python_runs(tmp_path):
    shipped = ROOT / "src" / "yuragi" / "assets" / "examples" / "portrait-4.png"
    (tmp_path / "face.png").write_bytes(shipped.read_bytes())
    for snippet in SNIPPETS:
        subprocess.run([sys.executable, "-c", snippet], cwd=tmp_path, check=True)
    assert (tmp_path / "moved.png").is_file()


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_it_runs_as_printed(tmp_path):
    """A clone's folder, as far as the commands see it; `yuragi` is this checkout's."""
    (tmp_path / "src").symlink_to(ROOT / "src")
    program = tmp_path / "bin" / "yuragi"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m yuragi "$@"\n')
    program.chmod(0o755)
    place = {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}
    place["YURAGI_CONFIG"] = str(tmp_path / "none.toml")
    for block in COMMANDS:
        subprocess.run(["sh", "-e", "-c", block], cwd=tmp_path, env=place, check=True)
    for snippet in SNIPPETS:
        subprocess.run([sys.executable, "-c", snippet], cwd=tmp_path, env=place, check=True)
    names = ["dragged", "blond", "filled-0000", "filled-0001", "moved"]
    names += ["drawn/sample-0000", "drawn/sample-0001"]
    seen = []
    for name in names:
        pixels = np.array(Image.open(tmp_path / f"{name}.png").convert("RGB"), np.float32)
        before = np.array(Image.open(tmp_path / "face.png").convert("RGB"), np.float32)
        assert pixels.shape == before.shape
        assert pixels.std() > 30, f"{name} shows nothing"
        assert np.abs(pixels - before).mean() > 3, f"{name} changed nothing"
        seen.append(pixels)
    assert np.array_equal(seen[0], seen[4])  # the same drag from Python
    assert (tmp_path / "out" / "lab-reg.json").is_file()
