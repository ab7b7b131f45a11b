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


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[sample\n", "must be a readable TOML file"),
        ("steps = 3\n", "must be a table such as"),
        ("[sample]\nstepz = 3\n", ": there is no such option (CONFIG: sample.stepz); did you mean"),
    ],
)
def test_a_bad_file_is_one_line(cli, config, text, told):
    config.write_text(text)
    code, out, err = cli("sample", "--prompt", "red", "-o", "a.png")
    assert (code, out) == (2, "")
    assert err.startswith("error: configuration")
    assert told in err.replace(str(config), "CONFIG")
    assert err.count("\n") == 1


def test_what_nothing_reads_is_shown_with_a_warning(cli, config):
    config.write_text(
        "[all]\nstepz = 3\nstart = 2\n[drag]\nstrenght = 0.3\n[darg]\nstrength = 1\n"
        "[batch]\nengine = 'local'\n[replay]\npolicy = 'rules.toml'\n"
    )
    code, out, err = cli("config", "show")
    assert (code, "strenght = 0.3" in out) == (0, True)
    start = f"warning: configuration: there is no such option ({config}: "
    assert err.splitlines() == [
        f"{start}all.stepz); did you mean steps?",
        f"{start}drag.strenght); did you mean strength?",
        f"{start.replace('option', 'table')}[darg]); did you mean drag?",
    ]


def test_one_line_of_json(cli, config, pipeline_folder):
    arguments = ["--steps", 2, "--seed", 1, "-n", 2, "-o", "drawn", "--model", pipeline_folder]
    code, out, _ = cli("sample", "--prompt", "red", "--json", *arguments)
    assert code == 0
    told = json.loads(out)
    assert told["files"] == ["drawn/sample-0000.png", "drawn/sample-0001.png"]
    assert told["request"]["seed"] == 1
    assert told["evaluations"] == 2 * 2 * 2


ORDER = ("the command line", "YURAGI_SERVE_PORT", "YURAGI_PORT", "[serve]", "[all]", "default")


@pytest.mark.parametrize("first", range(1, len(ORDER)))
def test_the_first_that_sets_an_option_decides(cli, config, monkeypatch, first):
    """Of all places from `first` on, the first one."""
    places = {name: 5000 + rank for rank, name in enumerate(ORDER)}
    for name in ORDER[first:]:
        if name.startswith("YURAGI"):
            monkeypatch.setenv(name, str(places[name]))
    tables = [f"{name}\nport = {places[name]}\n" for name in ORDER[first:] if name.startswith("[")]
    config.write_text("".join(tables))
    code, out, _ = cli("config", "show", "serve", "--json")
    assert code == 0
    port = json.loads(out)["serve"]["port"]
    assert port["value"] == (places[ORDER[first]] if ORDER[first] != "default" else 8420)
    assert port["from"].endswith(ORDER[first])


def test_the_command_line_beats_the_environment(cli, config, monkeypatch, tmp_path):
    monkeypatch.setenv("YURAGI_STEPS", "0")
    monkeypatch.setenv("YURAGI_SAMPLE_SEED", "7")
    code, _, told = cli("sample", "--prompt", "red", "-o", "a.png")
    assert (code, told.startswith("error: --steps must be")) == (2, True)
    code, _, told = cli("sample", "--prompt", "red", "-o", "a.png", "--steps", "-1")
    assert "(given: -1)" in told


def test_values_are_typed(cli, config, monkeypatch):
    settings = {"NAME": "a.example, b.example", "WORKERS": "0", "POLICY": "rules.toml"}
    for name, value in settings.items():
        monkeypatch.setenv(f"YURAGI_SERVE_{name}", value)
    monkeypatch.setenv("YURAGI_ALLOW_PICKLE", "Yes")
    monkeypatch.setenv("YURAGI_OFFLINE", "Yes")  # for other commands; a service always is
    shown = json.loads(cli("config", "show", "serve", "--json")[1])["serve"]
    assert shown["name"]["value"] == ["a.example", "b.example"]
    assert shown["workers"] == {"value": 0, "from": "YURAGI_SERVE_WORKERS"}
    assert shown["policy"]["value"] == "rules.toml"
    assert shown["allow-pickle"] == {"value": True, "from": "YURAGI_ALLOW_PICKLE"}
    assert "offline" not in shown
    assert shown["max-waiting"] == {"value": 0, "from": "default"}
    monkeypatch.setenv("YURAGI_SERVE_HOST", "0.0.0.0")
    shown = json.loads(cli("config", "show", "serve", "--json")[1])["serve"]
    assert shown["max-waiting"]["value"] > 0


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("YURAGI_SERVE_HOTS", "x", "(YURAGI_SERVE_HOTS); did you mean YURAGI_SERVE_HOST?"),
        ("YURAGI_ALLOW_PICKLE", "perhaps", "YURAGI_ALLOW_PICKLE must be one of"),
        ("YURAGI_PORT", "many", "port must be"),
    ],
)
def test_a_bad_variable_is_one_line(cli, config, monkeypatch, variable, value, told):
    monkeypatch.setenv(variable, value)
    code, _, err = cli("serve", "--workers", "0")
    assert code == 2
    assert told in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("arguments", [("serve",), ("worker",), ()])
def test_secrets_are_masked(cli, config, monkeypatch, arguments):
    config.write_text('[serve]\ntoken = "hidden-one"\n')
    monkeypatch.setenv("YURAGI_DATABASE", "postgresql://user:hidden-two@host/name")
    code, out, _ = cli("config", "show", *arguments)
    assert code == 0
    assert "hidden" not in out
    assert "postgresql://user:***@host/name" in out
    monkeypatch.setenv("YURAGI_TOKEN", "hidden-three")
    assert "hidden" not in cli("config", "show", *arguments, "--json")[1]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:hid/den@host/name",
        "postgresql://user:hid@den@host/name",
        "postgresql://user@host/name?sslpassword=hidden&x=1",
    ],
)
def test_passwords_of_any_form_are_masked(cli, config, monkeypatch, url):
    monkeypatch.setenv("YURAGI_DATABASE", url)
    for arguments in (("serve",), ()):
        out = cli("config", "show", *arguments)[1]
        assert "hid" not in out
        assert "den" not in out
        assert "host/name" in out


def test_another_command(cli, config):
    code, _, told = cli("config", "show", "bench")
    assert code == 2
    assert "serve, studio, worker, drag" in told


def test_every_command_with_settings_is_shown(cli, config, monkeypatch):
    monkeypatch.setenv("YURAGI_TOKEN", "for the clients of a service")
    config.write_text(
        '[serve]\nport = 9000\n[batch]\nengine = "queue"\n[replay]\npolicy = "rules.toml"\n'
    )
    assert "port = 9000 " in cli("config", "show", "studio")[1]
    assert "token" not in cli("config", "show", "studio")[1]
    batch = cli("config", "show", "batch")[1]
    assert "engine = 'queue'" in batch
    assert "token = '***'" in batch
    assert "policy = 'rules.toml'" in cli("config", "show", "replay")[1]
