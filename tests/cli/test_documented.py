"""Commands in README and docs exist, with the options that they are shown with."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.main import get_command

from yuragi.cli import app

YURAGI = get_command(app)
UsageError = typer.BadParameter.__base__
ROOT = Path(__file__).parents[2]
EXTENDING = ROOT / "docs" / "extending.md"  # needs its own package: see tests/test_extending.py
PAGES = [
    *(ROOT / name for name in ("README.md", "README.ja.md", "CONTRIBUTING.md", "SECURITY.md")),
    *(page for page in sorted((ROOT / "docs").rglob("*.md")) if page != EXTENDING),
]
FENCED = re.compile(r"^```([\w ]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:^ {4}.*\n)+", re.MULTILINE)
INLINE = re.compile(r"`(yuragi [^`]+)`")
COMMAND = re.compile(r"(?:^|nice -n \d+ )(yuragi .*)")  # and not the user of that name


def blocks(text):
    """The blocks of a page that show commands: fenced ones of shell, and indented ones."""
    for kind, block in FENCED.findall(text):
        if kind in ("", "sh", "sh run"):
            yield block
    yield from INDENTED.findall(FENCED.sub("", text))


def whole_commands(text):
    """The commands in blocks, which can be copied and run."""
    for block in blocks(text):
        for line in block.replace("\\\n", " ").splitlines():
            if found := COMMAND.search(line.strip()):
                yield found[1]


def mentions(text):
    """The commands in sentences, which may lack what they need to run."""
    return (found.replace("\n", " ") for found in INLINE.findall(FENCED.sub("", text)))


def every(commands):
    for page in PAGES:
        for line in commands(page.read_text("utf-8")):
            yield pytest.param(line, id=f"{page.stem}: {line[:40]}")


def words_of(line):
    """The words of a command up to the next operator of the shell."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
    lexer.whitespace_split = True
    words = []
    for word in lexer:
        if set(word) <= set("();<>|&"):
            break
        words.append(word)
    return words[1:]


def parsed(line):
    """The command that a line names, and what it gets; fails if the command does not take it."""
    command, words = YURAGI, words_of(line)
    while True:
        given, rest, _ = command.make_parser(command.context_class(command)).parse_args(words)
        if not rest:
            return command, given
        known = getattr(command, "commands", {})
        assert rest[0] in known, f"unexpected argument {rest[0]}"
        command, words = known[rest[0]], rest[1:]


@pytest.mark.parametrize("line", list(every(mentions)))
def test_a_mentioned_command_exists(line):
    parsed(line)


@pytest.mark.parametrize("line", list(every(whole_commands)))
def test_a_documented_command_exists_and_is_complete(line):
    command, given = parsed(line)
    runs = given or getattr(command, "invoke_without_command", True)  # such as --version
    assert runs, "the name of a command is missing"
    missing = [p.name for p in command.params if p.required and not given.get(p.name)]
    assert not missing


@pytest.mark.parametrize(
    "line",
    [
        "yuragi draw",
        "yuragi models check NAME --nothing",
        "yuragi models nothing",
        "yuragi lab trained --json results/lab-trained.json",  # --json takes no value
        "yuragi drag face.png --seed",
    ],
)
def test_what_does_not_exist_is_found(line):
    with pytest.raises((AssertionError, UsageError)):
        parsed(line)


def test_every_kind_of_block_is_read():
    text = "```\nyuragi a\n```\n\n```sh\nnice -n 9 yuragi b \\\n  --c >log &\n```\n\n    yuragi d\n"
    text += "```python\nyuragi e\n```\n\nSay `yuragi f\n--g`, or `python -m yuragi h`.\n"
    assert [words_of(line) for line in whole_commands(text)] == [["a"], ["b", "--c"], ["d"]]
    assert list(mentions(text)) == ["yuragi f --g"]


@pytest.mark.parametrize("commands", [whole_commands, mentions])
def test_the_list_is_not_empty(commands):
    assert len(list(every(commands))) > 50
