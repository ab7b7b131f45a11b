"""The audit: a row for everything that happens to a job, which nobody can change unseen."""

import csv
import json
import threading

import pytest
import sqlalchemy as sa

from submitting import running, submit
from yuragi.service import jobs, tables
from yuragi.service.audit import FIRST, broken, every
from yuragi.service.export import WRITERS, export
from yuragi.service.wire import JobResult

RESULT = {
    "pictures": [{"id": "a" * 32}, {"id": "b" * 32}],
    "report": {
        "request": {"model": "tiny@0123456789ab"},
        "evaluations": 40,
        "familiarity": 1.5,
        "stress": [0.1, 0.3],
        "intent": [{"score": 0.5, "background": 1.0}, {"score": 0.7, "background": 0.5}],
    },
}


def rows(parts):
    with parts.database.reading() as connection:
        return list(every(connection))


def test_every_state_of_a_job_is_a_row(parts):
    job = submit(parts)
    attempt = running(parts, job)
    attempt.progress(1, 4)  # no change of state
    attempt.finish(RESULT)
    found = rows(parts)
    assert [row["state"] for row in found] == ["queued", "running", "done"]
    assert [row["number"] for row in found] == [1, 2, 3]
    assert {row["job"] for row in found} == {job.id}
    assert len({row["request"] for row in found}) == 1
    first, _, last = found
    assert first["previous"] == FIRST
    assert (first["model"], last["model"]) == ("tiny", "tiny@0123456789ab")
    assert last["outputs"] == ["a" * 32, "b" * 32]
    assert last["created"] <= last["started"] <= last["ended"] <= last["at"]
    figures = last["figures"]
    assert (figures["solver"], figures["evaluations"]) == ("dpm++2m", 40)
    assert (figures["familiarity"], figures["intent"], figures["stress"]) == (1.5, 0.7, 0.3)
    assert figures["background_error"] == pytest.approx(0.05 * 0.693147, abs=1e-6)
    assert figures["run_s"] >= 0
    assert figures["wait_s"] >= 0


def test_numbers_that_are_not_finite_are_no_figures(parts):
    """A worker stores them as null, because JSON has no other way to write them."""
    report = {
        "request": {"model": "tiny"},
        "evaluations": 40,
        "familiarity": float("nan"),
        "stress": [1.0, None, float("inf")],
        "intent": [{"score": None, "background": 1.0}, {"score": 0.2, "background": 1.0}],
    }
    job = submit(parts)
    result = JobResult(pictures=[], report=report)
    running(parts, job).finish(result.model_dump(mode="json"))
    figures = rows(parts)[-1]["figures"]
    assert "familiarity" not in figures
    assert (figures["stress"], figures["intent"]) == (1.0, 0.2)


def test_a_retried_job_waits_from_its_retry_on(parts):
    job = submit(parts)
    running(parts, job).fail("no memory")
    with parts.database.writing() as connection:  # the first run was an hour ago
        at = tables.events.c.at
        connection.execute(sa.update(tables.events).values(at=at - 3600))
        connection.execute(sa.update(tables.jobs).values(created=tables.jobs.c.created - 3600))
    jobs.retry(parts.database, parts.tickets, job.id)
    running(parts, job, workflow="again")
    assert rows(parts)[-1]["state"] == "running"
    assert 0 <= rows(parts)[-1]["figures"]["wait_s"] < 60


def test_what_went_wrong_is_told_by_its_kind(parts):
    for number, error in enumerate(["an error inside the service: KeyError", "prompt: no"]):
        running(parts, submit(parts, seed=number), workflow=f"w{number}").fail(error)
    cancelled = submit(parts, seed=2)
    jobs.cancel(parts.database, cancelled.id)
    jobs.retry(parts.database, parts.tickets, cancelled.id)
    found = rows(parts)
    kinds = [row["figures"]["failure"] for row in found if row["state"] == "failed"]
    assert kinds == ["internal", "refused by the task"]
    assert [row["state"] for row in found if row["job"] == cancelled.id] == [
        "queued",
        "cancelled",
        "queued",
    ]


def test_a_transaction_that_fails_leaves_no_row(parts):
    job = submit(parts)
    for _ in range(2):
        with pytest.raises(jobs.Conflict):
            jobs.retry(parts.database, parts.tickets, job.id)

    class Broken(Exception):
        pass

    from yuragi.service.events import add_event

    def fail():
        with parts.database.writing() as connection:
            add_event(connection, job.id, "done", {})
            raise Broken

    with pytest.raises(Broken):
        fail()
    jobs.cancel(parts.database, job.id)
    assert [row["state"] for row in rows(parts)] == ["queued", "cancelled"]


@pytest.mark.parametrize(
    "change",
    [
        sa.update(tables.audit).values(client="somebody else"),
        sa.delete(tables.audit).where(tables.audit.c.number == 1),
    ],
)
def test_the_database_refuses_changes(parts, change):
    submit(parts)
    before = rows(parts)
    with pytest.raises(sa.exc.DBAPIError, match="can only be added"):
        _do(parts, change)
    assert rows(parts) == before


def test_postgresql_refuses_to_empty_the_table(parts):
    if parts.database.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no TRUNCATE")
    submit(parts)
    with pytest.raises(sa.exc.DBAPIError, match="can only be added"):
        _do(parts, sa.text("TRUNCATE audit"))


def _do(parts, statement):
    with parts.database.writing() as connection:
        connection.execute(statement)


def test_a_change_breaks_the_chain(parts):
    for seed in range(4):
        submit(parts, seed=seed)
    whole = rows(parts)
    assert broken(whole) is None
    assert broken([*whole[:1], *whole[2:]]) == 2
    assert broken(whole[1:]) == 1
    assert broken([*whole[:2], {**whole[2], "client": "x"}, whole[3]]) == 3
    assert broken([whole[1], whole[0], *whole[2:]]) == 1


def test_rows_of_many_threads_make_one_chain(parts):
    """Also on PostgreSQL, where transactions run beside one another."""

    def several(first):
        for seed in range(first, first + 5):
            job = submit(parts, seed=seed)
            jobs.cancel(parts.database, job.id)

    threads = [threading.Thread(target=several, args=(10 * k,)) for k in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    found = rows(parts)
    assert len(found) == 40
    assert broken(found) is None


def test_the_export_holds_all_rows(parts, tmp_path):
    for seed in range(3):
        submit(parts, seed=seed)
    found = rows(parts)
    assert export(parts.database, tmp_path / "audit.jsonl") == (3, None)
    lines = (tmp_path / "audit.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == found
    assert broken(map(json.loads, lines)) is None  # the file alone can be checked
    assert export(parts.database, tmp_path / "audit.csv") == (3, None)
    with (tmp_path / "audit.csv").open(newline="") as file:
        told = list(csv.DictReader(file))
    assert [row["hash"] for row in told] == [row["hash"] for row in found]
    assert json.loads(told[0]["figures"]) == found[0]["figures"]


def test_an_export_that_fails_leaves_the_one_before(parts, tmp_path, monkeypatch):
    submit(parts)
    path = tmp_path / "new" / "audit.jsonl"  # its folder is made
    export(parts.database, path)
    before = path.read_text()
    submit(parts, seed=1)

    def full(file, rows):
        file.write("half a row")
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(WRITERS, ".jsonl", full)
    with pytest.raises(OSError, match="No space"):
        export(parts.database, path)
    assert path.read_text() == before
    assert list(path.parent.iterdir()) == [path]


def test_the_command_says_whether_the_chain_is_whole(parts, address, cli, tmp_path):
    submit(parts)
    submit(parts, seed=1)
    code, out, _ = cli("audit", "export", "-o", "audit.csv", "--database", address, "--json")
    assert code == 0
    assert json.loads(out) == {"rows": 2, "broken": None, "files": ["audit.csv"]}
    assert cli("audit", "export", "-o", "audit.txt", "--database", address)[0] == 2
    with parts.database.writing() as connection:
        last = sa.select(tables.audit).order_by(tables.audit.c.number.desc()).limit(1)
        row = dict(connection.execute(last).one()._mapping)
        forged = {**row, "number": 3, "client": "forged", "hash": "f" * 64}
        connection.execute(sa.insert(tables.audit), [forged])
    code, out, _ = cli("audit", "export", "-o", "more.jsonl", "--database", address)
    assert (code, out.splitlines()[-1]) == (1, "the chain of hashes is broken at row 3")
