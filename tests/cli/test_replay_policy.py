"""A replay asks the policy, like any other request."""

import pytest


@pytest.fixture
def made(cli, pipeline_folder):
    options = ["--steps", 2, "--model", pipeline_folder, "-o", "a.png", "--device", "cpu"]
    assert cli("sample", "--prompt", "a secret person", *options)[0] == 0
    return "a.png"


@pytest.fixture
def policy(tmp_path):
    file = tmp_path / "policy.toml"
    file.write_text('[prompts]\nblocked = ["secret"]\n')
    return file


def test_what_the_policy_refuses_is_not_replayed(cli, made, policy, monkeypatch):
    def load(*given, **named):
        raise AssertionError("a model was loaded")

    monkeypatch.setattr("yuragi.tasks.replay.load_model", load)
    code, out, err = cli("replay", made, "--policy", policy, "-o", "b.png")
    assert (code, out) == (2, "")
    assert err.startswith("error: refused by the policy")


@pytest.mark.parametrize("name", ["YURAGI_POLICY", "YURAGI_REPLAY_POLICY"])
def test_the_policy_can_stand_in_the_environment(cli, made, policy, monkeypatch, name):
    monkeypatch.setenv(name, str(policy))
    assert cli("replay", made)[0] == 2


def test_what_it_allows_is_replayed(cli, made, tmp_path):
    other = tmp_path / "other.toml"
    other.write_text('[prompts]\nblocked = ["nude"]\n')
    assert cli("replay", made, "--policy", other)[0] == 0


def test_consent_is_given_as_for_the_edit(cli, picture, pipeline_folder, tmp_path):
    picture.save("face.png")
    rules = tmp_path / "rules.toml"
    rules.write_text('[consent]\ntasks = ["sdedit"]\n')
    options = ["--steps", 2, "--model", pipeline_folder, "-o", "a.png", "--device", "cpu"]
    assert cli("sdedit", "face.png", "--prompt", "red hair", *options)[0] == 0
    assert cli("replay", "a.png", "--policy", rules)[0] == 2
    assert cli("replay", "a.png", "--policy", rules, "--consent")[0] == 0
