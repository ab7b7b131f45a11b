"""`yuragi serve` and `yuragi studio`, without serving."""

import pytest

pytest.importorskip("dbos")

from yuragi.service.wire import Queue


@pytest.fixture
def served(monkeypatch):
    """The settings with which services were run."""
    settings = []

    def serve(given, opening, on_ready):
        settings.append(given)
        on_ready("http://127.0.0.1:8420/api/v1", "")
        return Queue(paused=False, queued=[], running=[])

    monkeypatch.setattr("yuragi.service.serve.serve", serve)
    return settings


def test_the_page_of_the_studio_needs_no_token_that_clients_are_given(cli, monkeypatch, served):
    """The page cannot send it, and the token is often set for clients on the same machine."""
    monkeypatch.setenv("YURAGI_TOKEN", "a token of other services")
    code, out, _ = cli("studio", "--no-browser")
    assert (code, out) == (0, "http://127.0.0.1:8420/\n")
    assert cli("serve")[0] == 0
    assert [each.token for each in served] == ["", "a token of other services"]
    assert cli("studio", "--no-browser", "--token", "x")[0] == 2


def test_options_that_only_workers_use_are_not_ignored_in_silence(cli, served):
    _, _, err = cli("serve", "--workers", "0", "--device", "cpu", "--dtype", "float32")
    assert "warning: --device, --dtype: not used, because only workers load models" in err
    assert "warning" not in cli("serve", "--device", "cpu")[2]


@pytest.mark.parametrize("command", ["serve", "worker", "studio", "replay"])
def test_commands_that_never_contact_the_hub_have_no_option_for_it(cli, command):
    assert "--device" in cli(command, "--help")[1]
    assert cli(command, "--offline")[0] == 2
    assert "--offline" not in cli(command, "--help")[1]
