"""The user's own defaults."""

import json

import pytest
from PIL import Image


@pytest.fixture
def config(tmp_path, monkeypatch):
    file = tmp_path / "settings" / "config.toml"
    file.parent.mkdir()
    monkeypatch.setenv("YURAGI_CONFIG", str(file))
    return file


def test_defaults_come_from_the_file_and_options_win(cli, config, tmp_path, pipeline_folder):
    config.write_text(f'[all]\nmodel = "{pipeline_folder}"\n[sample]\nsteps = 3\nseed = 5\n')
    assert cli("sample", "--prompt", "red", "-o", "a.png")[0] == 0
    assert cli("sample", "--prompt", "red", "-o", "b.png", "--steps", "2")[0] == 0
    found = []
    for name in ("a.png", "b.png"):
        with Image.open(tmp_path / name) as picture:
            request = json.loads(picture.text["yuragi"])["request"]
        found.append((request["num_inference_steps"], request["seed"]))
    assert found == [(3, 5), (2, 5)]
    code, out, _ = cli("config", "show")
    assert (code, "steps = 3" in out) == (0, True)
    assert cli("config", "path")[1].strip() == str(config)


@pytest.mark.parametrize("text", ["[sample\n", "steps = 3\n", "[sample]\nstepz = 3\n"])
def test_a_bad_file_is_one_line(cli, config, text):
    config.write_text(text)
    code, out, err = cli("sample", "--prompt", "red", "-o", "a.png")
    assert (code, out) == (2, "")
    assert err.startswith("error: configuration must be ")
    assert err.count("\n") == 1


def test_one_line_of_json(cli, config, pipeline_folder):
    arguments = ["--steps", 2, "--seed", 1, "-n", 2, "-o", "drawn", "--model", pipeline_folder]
    code, out, _ = cli("sample", "--prompt", "red", "--json", *arguments)
    assert code == 0
    told = json.loads(out)
    assert told["files"] == ["drawn/sample-0000.png", "drawn/sample-0001.png"]
    assert told["request"]["seed"] == 1
    assert told["evaluations"] == 2 * 2 * 2
