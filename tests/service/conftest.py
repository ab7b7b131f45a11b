"""A service without a worker for tests of its parts, and a whole one in processes of its own.

With YURAGI_TEST_DATABASE, the URL of a PostgreSQL server that can make databases, all run there.
"""

import os
import uuid
from pathlib import Path

import pytest

pytest.importorskip("dbos")

import sqlalchemy as sa

from yuragi.research.bench.service.processes import Processes
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


@pytest.fixture
def processes(registered, address):
    with Processes(registered, address, {"OMP_NUM_THREADS": "1"}) as made:
        yield made


@pytest.fixture
def portrait():
    """The bytes of a PNG of 256 x 256 pixels."""
    import yuragi

    return (Path(yuragi.__file__).parent / "assets" / "examples" / "portrait-4.png").read_bytes()
