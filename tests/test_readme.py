"""Everything in README.md and the tutorials runs as it is printed, in a fresh folder."""

import os
import re
import runpy
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
RUN = runpy.run_path(str(ROOT / "docs" / "run_commands.py"))
COMMANDS = [block for _, block in RUN["BLOCK"].findall(README)]
SNIPPETS = re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_every_command_is_in_a_block_that_runs():
    lines = [line for line in README.splitlines() if line.startswith("yuragi ")]
    assert lines
    assert set(lines) == {
        line for block in COMMANDS for line in block.splitlines() if line.startswith("yuragi ")
    }
    assert SNIPPETS


def test_the_japanese_readme_shows_the_same():
    text = (ROOT / "README.ja.md").read_text("utf-8")
    assert re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL) == COMMANDS
    found = re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert [re.sub("  #.*", "", code) for code in found] == [
        re.sub("  #.*", "", code) for code in SNIPPETS
    ]


def test_the_python_runs(tmp_path):
    shipped = ROOT / "src" / "yuragi" / "assets" / "examples" / "portrait-4.png"
    (tmp_path / "face.png").write_bytes(shipped.read_bytes())
    for snippet in SNIPPETS:
        subprocess.run([sys.executable, "-c", snippet], cwd=tmp_path, check=True)
    assert (tmp_path / "moved.png").is_file()


@pytest.fixture
def place(tmp_path):
    """The environment of a fresh clone, as far as commands see it; `yuragi` is this one."""
    (tmp_path / "src").symlink_to(ROOT / "src")
    (tmp_path / "bin").mkdir()
    for name, arguments in (("yuragi", "-m yuragi "), ("python", "")):
        program = tmp_path / "bin" / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments}"$@"\n')
        program.chmod(0o755)
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "YURAGI_CONFIG": str(tmp_path / "none.toml")}


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("page", ["quick-start", "tutorial"])
def test_the_tutorials_make_their_pictures(page, tmp_path, place):
    text = (ROOT / "docs" / f"{page}.md").read_text("utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        text = text.replace("8431", str(free.getsockname()[1]))
    for kind, block in RUN["BLOCK"].findall(text):
        subprocess.run([*RUN["PROGRAMS"][kind], block], cwd=tmp_path, env=place, check=True)
    pictures = re.findall(rf"\]\((img/{page}/[^)]+)\)", text)
    assert pictures
    for name in pictures:
        pixels = np.array(Image.open(tmp_path / "docs" / name).convert("RGB"), np.float32)
        assert pixels.std() > 30, f"{name} shows nothing"


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_it_runs_as_printed(tmp_path, place):
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
