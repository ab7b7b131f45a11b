"""The files in `deploy/` fit the program that they start."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from yuragi.cli.configuration import found_for
from yuragi.cli.loading import OPENING
from yuragi.cli.service import SERVING, WORKING

DEPLOY = Path(__file__).parents[1] / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
OPTIONS = {"serve": [*SERVING, *OPENING], "worker": [*WORKING, *OPENING]}


def check_command(words):
    """A command line of `yuragi serve` or `yuragi worker` has no other options than these."""
    command, *rest = words
    known = {each.of.flag for each in OPTIONS[command]}
    assert {word for word in rest if word.startswith("-")} <= known


def check_variable(monkeypatch, name, value):
    """A variable sets an option of at least one of the commands."""
    monkeypatch.setenv(name, value)
    assert any(
        found.origin == name
        for command, every in OPTIONS.items()
        for found in found_for(command, every).values()
    ), name
    monkeypatch.delenv(name)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_start_what_there_is(unit, monkeypatch):
    text = unit.read_text("utf-8")
    (command,) = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    program, *words = shlex.split(command)
    assert Path(program).name == "yuragi"
    check_command(words)
    for name, value in re.findall(r"(YURAGI_\w+)=(\S*)", text):
        check_variable(monkeypatch, name, value)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not here")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_reads_the_units(unit, tmp_path):
    made = tmp_path / unit.name
    text = unit.read_text("utf-8").replace("/opt/yuragi/.venv/bin/yuragi", "/bin/true")
    made.write_text(text.replace("=yuragi\n", "=root\n"))  # the user is not on this machine
    told = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", made], capture_output=True, text=True, timeout=60
    )
    assert told.returncode == 0, told.stderr
    assert unit.name not in told.stderr, told.stderr


def test_the_example_of_settings(monkeypatch):
    text = (DEPLOY / "environment.example").read_text("utf-8")
    found = re.findall(r"^#?(YURAGI_\w+)=(.*)$", text, re.MULTILINE)
    assert len(found) > 5
    for name, value in found:
        check_variable(monkeypatch, name, value)


def test_the_services_of_the_compose_file(monkeypatch):
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))["services"]
    ours = {name: each for name, each in services.items() if each["image"] == "yuragi"}
    assert sorted(ours) == ["api", "worker-1", "worker-2"]
    names = set()
    for each in ours.values():
        check_command(each["command"])
        for name, value in each["environment"].items():
            check_variable(monkeypatch, name, value)
        if each["command"][0] == "worker":
            names.add(each["command"][each["command"].index("--name") + 1])
    assert names == {"worker-1", "worker-2"}  # machines of one service have different names
    assert services["api"]["ports"] == ["127.0.0.1:8420:8420"]


def test_the_containerfile_copies_what_there_is():
    text = (DEPLOY / "Containerfile").read_text("utf-8")
    copied = [
        each for line in re.findall(r"^COPY (.*) \S+$", text, re.MULTILINE) for each in line.split()
    ]
    assert copied
    assert all((DEPLOY.parent / each).exists() for each in copied)
    check_command(re.findall(r'"([^"]*)"', text[text.index("CMD [") :]))
