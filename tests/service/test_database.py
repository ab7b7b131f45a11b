"""The database: its tables, and how transactions wait for one another."""

import threading

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from yuragi.errors import InputError
from yuragi.service.database import open_database
from yuragi.service.tables import METADATA, models


def test_migrations_make_the_tables_of_the_code(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}/folder/jobs.db")
    assert not database.current
    database.migrate()
    database.migrate()
    assert database.current
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_writers_take_turns_and_none_is_lost(tmp_path):
    database = open_database(f"sqlite:///{tmp_path}/jobs.db")
    database.migrate()
    with database.writing() as connection:
        connection.exec_driver_sql("CREATE TABLE counter (n INTEGER)")
        connection.exec_driver_sql("INSERT INTO counter VALUES (0)")

    def count():
        for _ in range(25):
            with database.writing() as connection:  # reads first, then writes
                n = connection.exec_driver_sql("SELECT n FROM counter").scalar_one()
                connection.execute(sa.text("UPDATE counter SET n = :n"), {"n": n + 1})

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as connection:
        assert connection.exec_driver_sql("SELECT n FROM counter").scalar_one() == 100


@pytest.mark.parametrize(
    "url", ["", "jobs.db", "sqlite://", "sqlite:///:memory:", "mysql://u:secret@h/d", "postgresql:"]
)
def test_other_databases_are_refused(url):
    with pytest.raises(InputError, match="sqlite:///FILE or postgresql") as refused:
        open_database(url)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:sec/ret@h:port/d",
        "mysql://u:sec@ret@h/d",
        "mysql://u@h/d?password=secret",
        "secret",
    ],
)
def test_a_refused_address_does_not_show_its_password(url):
    with pytest.raises(InputError) as refused:
        open_database(url)
    assert "sec" not in str(refused.value)
    assert "ret" not in str(refused.value)


def test_errors_do_not_contain_prompts(parts):
    with pytest.raises(sa.exc.IntegrityError) as failed, parts.database.writing() as connection:
        connection.execute(sa.insert(models), [{"weights": "a secret prompt"}])
    assert "secret" not in str(failed.value)
    assert "secret" not in str(failed.value.__cause__)  # both are in the log
