"""Settings in a model's folder on the command line: they are used, shown, and named if bad."""

import json
import shutil

import pytest

from yuragi.models.defaults import DEFAULTS

OWN = {
    "sample": {"num_inference_steps": 3, "guidance": {"rule": {"name": "linear"}, "gain": "ratio"}},
    "sdedit": {"strength": 0.5},
}


@pytest.fixture
def folder(pipeline_folder, tmp_path):
    place = shutil.copytree(pipeline_folder, tmp_path / "model")
    (place / DEFAULTS).write_text(json.dumps(OWN))
    return place


def test_a_command_uses_them(cli, folder):
    command = ["sample", "--model", folder, "--prompt", "a person", "-o", "out.png", "--json", "-q"]
    told = json.loads(cli(*command, "--gain", "plain")[1])["request"]
    assert (told["num_inference_steps"], told["guidance"]["rule"]["name"]) == (3, "linear")
    assert told["guidance"]["gain"]["name"] == "plain"
    told = json.loads(cli(*command, "--overwrite", "--steps", 2)[1])["request"]
    assert (told["num_inference_steps"], told["guidance"]["gain"]["name"]) == (2, "ratio")


def test_they_are_shown(cli, folder):
    code, out, _ = cli("models", "show", folder)
    assert code == 0
    assert "sdedit: strength 0.5" in out.splitlines()
    told = json.loads(cli("models", "show", folder, "--json")[1])
    assert told["defaults"]["sample"]["num_inference_steps"] == 3
    (folder / DEFAULTS).unlink()
    assert "it sets no defaults" in cli("models", "show", folder)[1]
    assert "sample: num_inference_steps 20" in cli("models", "show", "portraits")[1]


def test_a_bad_file_is_named(cli, folder):
    (folder / DEFAULTS).write_text('{"sample": {"steps": 3}}')
    command = ["sample", "--model", folder, "--prompt", "a person", "-o", "out.png"]
    for each in (command, ["models", "show", folder]):
        code, _, error = cli(*each)
        assert code != 0
        assert "defaults.json: sample.steps: a model cannot set this" in error
