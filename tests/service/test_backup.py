"""A backup as docs/operate.md makes it, restored elsewhere; and tables of the first version."""

import shutil
import sqlite3
import subprocess
import sys

import pytest
import sqlalchemy as sa
from alembic import command

from submitting import running, submit
from yuragi.service import jobs
from yuragi.service.assets import open_assets
from yuragi.service.database import _config, open_database
from yuragi.service.held import held
from yuragi.service.order import shown
from yuragi.service.settings import Serving, Store
from yuragi.service.states import State
from yuragi.service.uploads import png

COPY = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('VACUUM INTO ?', sys.argv[2:])"


@pytest.fixture
def parts(registered):
    """The parts of a service with SQLite, whatever the others are tested with."""
    made = held(Serving(database=Store().database))
    yield made
    made.close()


def test_a_backup_of_a_running_service(parts, picture, tmp_path):
    asset = parts.assets.put(png(picture))
    done, waiting = submit(parts), submit(parts, 1)
    running(parts, done).finish({"pictures": [asset.model_dump()], "report": {}})
    file = parts.database.engine.url.database
    assert parts.database.engine.pool.checkedin()  # it is open, and its log is not in the file yet
    copied = tmp_path / "backup" / "jobs.db"
    copied.parent.mkdir()
    subprocess.run([sys.executable, "-c", COPY, file, str(copied)], check=True, timeout=60)
    shutil.copytree(parts.assets.folder, tmp_path / "backup" / "assets")
    jobs.cancel(parts.database, waiting.id)  # what comes after the backup is not in it
    folder = str(tmp_path / "backup" / "assets")
    again = held(Serving(database=f"sqlite:///{copied}", assets=folder))
    try:
        assert shown(again.database).queued == [waiting.id]
        assert jobs.find(again.database, done.id).state is State.DONE
        assert again.assets.read(asset.id) == png(picture).data
        assert running(again, waiting, "later") is not None
    finally:
        again.close()


def test_tables_of_the_first_version_keep_their_jobs(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}/jobs.db")
    with database.engine.connect() as connection:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.commit()
    with sqlite3.connect(tmp_path / "jobs.db") as old:
        old.execute(
            "INSERT INTO jobs (id, kind, state, place, request, sources, body, created, done,"
            " total, error, starts, events) VALUES"
            " ('a', 'sample', 'queued', 1, '{}', '{}', '', 0, 0, 0, '', 0, 0)"
        )
    assert not database.current
    database.migrate()
    assert database.current
    with database.reading() as connection:
        row = connection.execute(sa.text("SELECT state, client, consent FROM jobs")).one()
    assert tuple(row) == ("queued", "", 0)
    assert open_assets(str(tmp_path), database).writable
