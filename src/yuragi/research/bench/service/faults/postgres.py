"""A temporary PostgreSQL server that can be restarted."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from yuragi.errors import InputError

__all__ = ["Postgres", "installed", "postgres"]

OWNER = "postgres"
"""PostgreSQL refuses to run as root; Debian's package creates this user for it."""
WAIT_S = 60


class Postgres:
    """A server in a folder.

    Args:
        programs: the folder of its programs.
        folder: the folder of its files.
        port: a free port on the loopback address.
    """

    def __init__(self, programs: Path, folder: Path, port: int) -> None:
        self._programs = programs
        self._folder = folder
        self._port = port
        self._run("initdb", "--auth=trust", f"--username={OWNER}", "--pgdata", str(folder / "data"))
        self.start()

    def database(self, name: str) -> str:
        """Create an empty database and return its URL."""
        self._run("createdb", f"--host={self._folder}", f"--port={self._port}", "-U", OWNER, name)
        return f"postgresql://{OWNER}@127.0.0.1:{self._port}/{name}"

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        options = f"-p {self._port} -k {self._folder} -c listen_addresses=127.0.0.1"
        log = str(self._folder / "log")
        self._control("start", "--log", log, "--options", options)

    def stop(self, how: Literal["fast", "immediate"]) -> None:
        """Stop the server: in an orderly way that closes all connections, or as if it crashed."""
        self._control("stop", "--mode", how)

    def _control(self, *arguments: str) -> None:
        data = str(self._folder / "data")
        self._run("pg_ctl", *arguments, "--pgdata", data, "--wait", f"--timeout={WAIT_S}")

    def _run(self, program: str, *arguments: str) -> None:
        owned = ["runuser", "-u", OWNER, "--"] if os.geteuid() == 0 else []
        command = [*owned, str(self._programs / program), *arguments]
        with (self._folder / "said").open("a") as said:  # the server inherits pg_ctl's output
            subprocess.run(command, check=True, cwd="/", stdout=said, stderr=said)


def installed() -> Path | None:
    """The folder of PostgreSQL's programs; None if it is not installed."""
    found = shutil.which("pg_ctl")
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if debian:
        return debian[-1].parent
    return Path(found).parent if found else None


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server on a free port.

    Raises:
        InputError: PostgreSQL is not installed.
    """
    programs = installed()
    if programs is None:
        raise InputError("postgres", None, "", "PostgreSQL is not installed (package postgresql)")
    with TemporaryDirectory(prefix="yuragi-postgres-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, OWNER)
        server = Postgres(programs, folder, _free_port())
        try:
            yield server
        finally:
            server.stop("immediate")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
