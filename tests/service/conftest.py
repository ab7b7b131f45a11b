"""A service without a worker for tests of its parts, and a whole one in processes of its own.

With YURAGI_TEST_DATABASE, the URL of a PostgreSQL server that can make databases, all run there.
"""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

pytest.importorskip("dbos")

import sqlalchemy as sa

from yuragi.service.held import held
from yuragi.service.settings import Serving, Store


@pytest.fixture
def registered(monkeypatch, tmp_path, pipeline_folder):
    """A data folder of its own, in which the tiny pipeline is registered as `tiny`."""
    from yuragi.models.register import register

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("YURAGI_TOKEN", raising=False)
    register("tiny", pipeline_folder, "", {})
    return tmp_path


@pytest.fixture
def address(registered):
    """The URL of a database of its own."""
    server = os.environ.get("YURAGI_TEST_DATABASE")
    if not server:
        yield Store().database
        return
    url = sa.make_url(server).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    name = f"yuragi_{uuid.uuid4().hex}"
    with engine.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name}"))
    plain = url.set(drivername="postgresql", database=name)
    yield plain.render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def parts(address):
    """The parts of a service without a worker."""
    made = held(Serving(database=address))
    yield made
    made.close()


@pytest.fixture
def http(parts):
    """A client of the service in this process, at its own address."""
    from starlette.testclient import TestClient

    from yuragi.service.app import make_app

    with TestClient(
        make_app(parts), base_url="http://127.0.0.1:8420", raise_server_exceptions=False
    ) as client:
        yield client


class Processes:
    """Processes of a service: started here, and all ended here."""

    def __init__(self, folder, database):
        self.folder, self.database = folder, database
        self.started = []

    def start(self, *arguments):
        """Start `yuragi ARGUMENTS` in a group of its own; returns the process and its log."""
        log = self.folder / f"log-{len(self.started)}"
        with log.open("w") as file:
            made = subprocess.Popen(
                [sys.executable, "-m", "yuragi", *map(str, arguments), "--database", self.database],
                stderr=file,
                stdout=file,
                start_new_session=True,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
        self.started.append(made)
        return made, log

    def serve(self, *arguments):
        """Start a server on a free port; returns its address once it answers."""
        made, log = self.start("serve", "--port", 0, "--workers", 0, "--json", *arguments)
        until = time.monotonic() + 60
        while time.monotonic() < until and made.poll() is None:
            lines = [line for line in log.read_text().splitlines() if line.startswith("{")]
            if lines:
                return json.loads(lines[0])["url"].removesuffix("/api/v1")
            time.sleep(0.1)
        raise AssertionError(log.read_text())

    def kill(self, made):
        """Kill a process with all that it started, as a power failure does."""
        os.killpg(made.pid, signal.SIGKILL)
        made.wait(10)

    def end(self):
        for made in self.started:
            try:
                os.killpg(made.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            made.wait(10)


@pytest.fixture
def processes(registered, address):
    made = Processes(registered, address)
    yield made
    made.end()


@pytest.fixture
def portrait():
    """The bytes of a PNG of 128 x 128 pixels."""
    import yuragi

    return (Path(yuragi.__file__).parent / "assets" / "examples" / "portrait-4.png").read_bytes()
