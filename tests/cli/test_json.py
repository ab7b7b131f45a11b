"""`--json`: one line for programs, from every command."""

import json

import pytest
from typer.main import get_command

from yuragi.cli import app


def leaves(command, words=()):
    inside = getattr(command, "commands", {})
    for name, one in inside.items():
        yield from leaves(one, (*words, name))
    if not inside or command.invoke_without_command:
        yield words, command


def commands():
    return [each for each in leaves(get_command(app)) if each[0] and each[0] != ("lab",)]


@pytest.mark.parametrize(("words", "command"), commands(), ids=lambda x: str(x))
def test_every_command_has_it(words, command):
    assert "--json" in {flag for each in command.params for flag in each.opts}
    assert [each.opts for each in command.params if "-o" in each.opts] in (
        [],
        [["--output", "-o"]],
        [["-o", "--output"]],
    )


@pytest.fixture
def told(cli):
    def call(*arguments, code=0):
        found, out, err = cli(*arguments, "--json")
        assert found == code, err
        assert out.count("\n") == 1
        return json.loads(out)

    return call


def test_models(told, pipeline_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert told("models")["models"][0]["name"] == "portraits"
    assert told("models", "--path", "portraits")["path"].endswith("portraits")
    added = told("models", "add", "mine", pipeline_folder, "--note", "tiny")
    assert (added["name"], added["note"]) == ("mine", "tiny")
    assert told("models", "verify") == {"changed": {"mine": []}}
    assert told("models", "remove", "mine") == {"removed": "mine"}


def test_a_switch_before_a_command_of_a_group_is_for_the_command(cli):
    code, out, _ = cli("models", "--json", "show", "portraits")
    assert (code, json.loads(out)["name"]) == (0, "portraits")
    assert cli("models", "show", "portraits")[1].count("\n") > 1


def test_check(told, pipeline_folder):
    found = told("models", "check", pipeline_folder, "--samples", 1, "-q", "--dtype", "float32")
    assert found["gain"] in ("ratio", "reg", "plain")
    assert len(found["levels"]) == 4


def test_config(told, tmp_path, monkeypatch):
    file = tmp_path / "config.toml"
    monkeypatch.setenv("YURAGI_CONFIG", str(file))
    assert told("config", "path") == {"path": str(file), "exists": False}
    file.write_text("[drag]\nsteps = 3\n")
    found = told("config", "show")
    assert found["file"] == {"drag": {"steps": 3}}
    assert found["environment"]["YURAGI_CONFIG"] == str(file)
    shown = told("config", "show", "drag")["drag"]
    assert shown["steps"] == {"value": "3", "from": f"{file} [drag]"}
    assert shown["model"] == {"value": "portraits", "from": "default"}


def test_replay(told, cli, pipeline_folder):
    settings = ["--steps", 2, "--model", pipeline_folder, "-o", "a.png"]
    assert cli("sample", "--prompt", "red", *settings)[0] == 0
    found = told("replay", "a.png", "-o", "b.png")
    assert (found["identical"], found["difference"], found["files"]) == (True, 0, ["b.png"])


def test_preview(told, picture, tmp_path, pipeline_folder):
    clear = picture.convert("RGBA")
    clear.putpixel((0, 0), (0, 0, 0, 0))
    clear.save(tmp_path / "face.png")
    more = ["--preview", "--animation", "steps.gif", "--model", pipeline_folder]
    found = told("drag", "face.png", "--point", "26,22:38,22", "-o", "out.png", *more)
    assert found["files"] == ["out.png"]
    assert [line.split()[0] for line in found["warnings"]] == ["face.png", "steps.gif"]
