"""The settings of the service, and the commands that are made from them."""

import pytest

from yuragi.errors import InputError
from yuragi.provenance.signing import Signing
from yuragi.service.settings import Serving, Working


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.1", False),
        ("localhost.example", False),
    ],
)
def test_which_addresses_are_this_machine_s_own(host, loopback):
    assert Serving(host=host).loopback is loopback


@pytest.mark.parametrize("name", ["", "../x", "a b", "-", "x" * 65])
def test_a_machine_s_name_becomes_part_of_a_file_s(name):
    with pytest.raises(InputError):
        Working(name=name)


def test_pictures_are_beside_a_database_in_a_file(monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    assert Serving().assets == "/data/yuragi/service/assets"
    assert Serving(database="sqlite:////srv/y/jobs.db?timeout=5").assets == "/srv/y/assets"
    assert Serving(database="postgresql://host/name").assets == "/data/yuragi/service/assets"
    assert Serving(database="sqlite:////srv/y/jobs.db", assets="s3://b").assets == "s3://b"


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_help_lists_every_setting(cli, command):
    code, out, _ = cli(command, "--help")
    assert code == 0
    kind = {"serve": Serving, "worker": Working}[command]
    names = [each for each in kind.model_fields if each != "signing"]
    for name in [*names, *Signing.model_fields]:
        assert f"--{name.replace('_', '-')}" in out


def test_wrong_settings_are_one_line(cli):
    code, _, told = cli("serve", "--database", "mysql://u:secret@h/d")
    assert code == 2
    assert told.startswith("error: --database must be sqlite:///FILE or postgresql")
    assert "secret" not in told
    code, _, told = cli("worker", "--slots", "0")
    assert code == 2
    assert told.startswith("error: --slots must be")
