"""Running the command line inside the tests."""

import sys

import pytest

from yuragi.cli import main


@pytest.fixture
def cli(monkeypatch, capsys, tmp_path):
    """Run `yuragi ARGUMENTS` in a fresh folder: (exit code, output, error output)."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["yuragi", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        told = capsys.readouterr()
        return stopped.value.code or 0, told.out, told.err

    return call
