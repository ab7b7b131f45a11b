"""Commands in README and docs exist, with the options that they are shown with."""

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from yuragi.cli import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(?:sh run)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands():
    for page in PAGES:
        for block in BLOCK.findall(page.read_text("utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                if line.startswith("yuragi "):
                    yield pytest.param(line, id=f"{page.stem}: {line[:40]}")


def options(command):
    return {name for p in command.params for name in (*p.opts, *p.secondary_opts)} | {"--help"}


@pytest.mark.parametrize("line", list(commands()))
def test_a_documented_command_exists(line):
    words = shlex.split(line, comments=True)[1:]
    command = get_command(app)
    known = options(command)
    while words and words[0].startswith("--") and words[0] in known:  # before the command
        flag = next(p for p in command.params if words[0] in p.opts)
        words = words[1 if getattr(flag, "is_flag", False) else 2 :]
    while hasattr(command, "commands") and words and words[0] in command.commands:
        command = command.commands[words.pop(0)]
    known = options(command)
    given = {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)}
    assert given <= known, given - known
    if not hasattr(command, "commands"):
        needed = [p for p in command.params if p.required]
        wanted = [p.opts for p in needed if p.param_type_name == "option"]
        assert all(given & {*names} for names in wanted), wanted
        flags = {name for p in command.params if getattr(p, "is_flag", False) for name in p.opts}
        values = 0
        for before, word in zip(["", *words], words, strict=False):
            named = before.startswith("-") and before not in flags and "=" not in before
            values += not word.startswith("-") and not named
        assert values >= sum(p.param_type_name == "argument" for p in needed)
    else:
        assert command.invoke_without_command or not words, f"no command {words[:1]}"


def test_the_list_is_not_empty():
    assert len(list(commands())) > 20
