"""Old jobs and pictures are deleted, and nothing that is still needed."""

import json
import threading
import time

import pytest
import sqlalchemy as sa
from PIL import Image

from submitting import running, submission, submit
from yuragi.service import jobs, tables
from yuragi.service.assets import NotFound
from yuragi.service.audit import broken, every
from yuragi.service.intake import Submission
from yuragi.service.prune import prune
from yuragi.service.refusals import note_refusal, refused
from yuragi.service.uploads import png
from yuragi.tasks.policy import Forbidden

DAY_S = 86400.0


def stored(parts, level):
    return parts.assets.put(png(Image.new("RGB", (4, 4), (level, level, level)))).id


def aged(parts, days=2):
    """Let all that is there be older."""
    with parts.database.writing() as connection:
        for table, columns in ((tables.jobs, ("created", "ended")), (tables.assets, ("created",))):
            made = {name: table.c[name] - days * DAY_S for name in columns}
            connection.execute(sa.update(table).values(made))


def job(parts, number, sources=(), pictures=(), preview=None, end=True):
    """A job that has run, with its pictures."""
    given = submission(seed=number)
    named = {str(k) * 32: each for k, each in enumerate(sources)}
    made = parts.intake.submit(Submission(given.request, named, given.body, given.key))
    attempt = running(parts, made, workflow=f"w{number}")
    if preview:
        attempt.preview(preview)
    if end:
        attempt.finish({"pictures": [{"id": each} for each in pictures], "report": {}})
    return made.id


def left(parts):
    with parts.database.reading() as connection:
        found = connection.execute(sa.select(tables.assets.c.id)).scalars().all()
    return set(found)


def files(parts):
    return {each.rpartition("/")[2] for each in parts.assets.files.find(parts.assets.folder)}


def test_old_jobs_go_with_their_pictures_and_others_stay(parts):
    names = [stored(parts, level) for level in range(8)]
    shared, source, result, preview, orphan, young, working, fresh = names
    old = job(parts, 1, [shared, source], [result], preview)
    busy = job(parts, 2, [working], end=False)
    aged(parts)
    new = job(parts, 3, [shared], [young])
    waiting = submit(parts, seed=4).id
    parts.assets.put(png(Image.new("RGB", (4, 4), (7, 7, 7))))  # `fresh` is stored once more
    told = prune(parts.database, parts.assets, parts.tickets, DAY_S, dry_run=True)
    assert (told.jobs, told.pictures) == (1, 4)
    assert left(parts) == set(names)
    done = prune(parts.database, parts.assets, parts.tickets, DAY_S)
    assert done == told
    assert done.bytes > 0
    assert left(parts) == {shared, young, working, fresh} == files(parts) - {".probe"}
    assert {each.id for each in jobs.listed(parts.database, (), 100, None)} == {busy, waiting, new}
    with pytest.raises(jobs.NotFound):
        jobs.find(parts.database, old)
    for gone in (source, result, preview, orphan):
        with pytest.raises(NotFound):
            parts.assets.read(gone)
    with parts.database.reading() as connection:
        events = connection.execute(sa.select(tables.events.c.job)).scalars().all()
        rows = list(every(connection))
    assert old not in events
    assert [row["state"] for row in rows if row["job"] == old] == [
        "queued",
        "running",
        "done",
        "deleted",
    ]
    assert broken(rows) is None
    assert prune(parts.database, parts.assets, parts.tickets, DAY_S).jobs == 0


def test_more_than_a_page_goes(parts, monkeypatch):
    monkeypatch.setattr("yuragi.service.prune.PAGE", 2)
    for number in range(5):
        job(parts, number, [stored(parts, number)])
    aged(parts)
    done = prune(parts.database, parts.assets, parts.tickets, DAY_S)
    assert (done.jobs, done.pictures) == (5, 5)
    assert left(parts) == set()


def test_a_picture_that_is_stored_again_meanwhile_is_whole(parts, monkeypatch):
    upload = png(Image.new("RGB", (4, 4)))
    name = parts.assets.put(upload).id
    aged(parts)
    remove, deleting = type(parts.assets).remove, threading.Event()

    def slowly(assets, gone):
        deleting.set()
        time.sleep(0.3)
        remove(assets, gone)

    monkeypatch.setattr(type(parts.assets), "remove", slowly)
    pruning = threading.Thread(
        target=prune, args=(parts.database, parts.assets, parts.tickets, DAY_S)
    )
    pruning.start()
    assert deleting.wait(10)
    parts.assets.put(upload)
    pruning.join()
    assert parts.assets.read(name) == upload.data


def test_a_key_of_a_deleted_job_can_be_used_again(parts):
    first = submit(parts, key="k")
    running(parts, first).finish({"pictures": [], "report": {}})
    aged(parts)
    prune(parts.database, parts.assets, parts.tickets, DAY_S)
    assert submit(parts, key="k").id != first.id


def test_the_command(parts, cli, address):
    job(parts, 1, [stored(parts, 1)])
    aged(parts)
    where = ("--database", address, "--assets", parts.assets.folder)
    code, out, _ = cli("jobs", "prune", "--older-than", "1d", "--dry-run", *where)
    assert code == 0
    assert out.startswith("would delete 1 jobs, 0 refusals and 1 pictures (0.0 MiB)")
    code, out, _ = cli("jobs", "prune", "--older-than", "1d", *where, "--json")
    told = json.loads(out)
    assert (told["jobs"], told["pictures"], told["dry_run"]) == (1, 1, False)
    assert left(parts) == set()


def test_the_command_uses_the_store_of_the_service(parts, cli, address, monkeypatch, tmp_path):
    old = ("jobs", "prune", "--older-than", "1d")
    job(parts, 1, [stored(parts, 1)])
    aged(parts)
    config = tmp_path / "config.toml"
    monkeypatch.setenv("YURAGI_CONFIG", str(config))
    monkeypatch.setenv("YURAGI_SERVE_DATABASE", f"sqlite:///{tmp_path}/other.db")
    code, _, err = cli(*old, "--database", address)  # not the pictures of the service in ours
    assert code == 2
    assert "--assets is missing" in err
    # A store without the files: they are not counted.
    code, out, _ = cli(*old, "--database", address, "--assets", tmp_path / "none", "--dry-run")
    assert "1 jobs, 0 refusals and 0 pictures" in out
    monkeypatch.delenv("YURAGI_SERVE_DATABASE")
    config.write_text(f'[all]\ndatabase = "{address}"\nassets = "{parts.assets.folder}"\n')
    code, out, _ = cli("audit", "export", "-o", tmp_path / "audit.csv", "--json")
    assert json.loads(out)["rows"] == 3
    code, out, _ = cli(*old)
    assert (code, out) == (0, "deleted 1 jobs, 0 refusals and 1 pictures (0.0 MiB)\n")
    assert files(parts) == set()


def test_old_refusals_and_tickets_go(parts):
    request = submission(seed=0).request
    note_refusal(parts.database, Forbidden("prompts", "a reason", request), "a client", None)
    with parts.database.writing() as connection:
        parts.tickets.add(connection, 2)
    one, two = parts.tickets.client.list_workflows()
    parts.tickets.client.cancel_workflow(one.workflow_id)
    time.sleep(0.01)
    assert prune(parts.database, parts.assets, parts.tickets, DAY_S).refusals == 0
    assert len(parts.tickets.client.list_workflows()) == 2
    assert prune(parts.database, parts.assets, parts.tickets, 0, dry_run=True).refusals == 1
    assert prune(parts.database, parts.assets, parts.tickets, 0).refusals == 1
    assert refused(parts.database, 10) == []
    assert [each.workflow_id for each in parts.tickets.client.list_workflows()] == [two.workflow_id]


@pytest.mark.parametrize("age", ["30", "0d", "d", "30m", "-1d"])
def test_an_age_has_a_unit(cli, age):
    code, _, err = cli("jobs", "prune", f"--older-than={age}")
    assert code == 2
    assert err.startswith("error: --older-than must be a whole number of hours, days or weeks")


def test_a_slow_store_does_not_keep_others_from_writing(parts, monkeypatch):
    names = [stored(parts, k) for k in range(6)]
    aged(parts)
    remove, seen = type(parts.assets).remove, set()

    def slowly(assets, gone):
        time.sleep(0.2)
        return remove(assets, gone)

    monkeypatch.setattr("yuragi.service.prune.TURN_S", 0.1)
    monkeypatch.setattr(type(parts.assets), "remove", slowly)
    pruning = threading.Thread(
        target=prune, args=(parts.database, parts.assets, parts.tickets, DAY_S)
    )
    pruning.start()
    while pruning.is_alive():
        with parts.database.noting() as connection:
            ids = connection.execute(sa.select(tables.assets.c.id)).scalars()
            seen.add(len(list(ids)))
        time.sleep(0.01)
    pruning.join()
    assert left(parts) == set()
    assert seen - {0, len(names)}  # we had a turn before all were deleted


def test_a_database_that_no_service_used_is_refused_and_not_made(cli, tmp_path, monkeypatch):
    monkeypatch.setenv("YURAGI_DATABASE", f"sqlite:///{tmp_path / 'none' / 'jobs.db'}")
    for command in (
        ("jobs", "prune", "--older-than", "1d"),
        ("audit", "export", "-o", tmp_path / "audit.csv"),
    ):
        code, _, err = cli(*command)
        assert code == 2
        assert err.startswith("error: --database: no service has used it (sqlite:///")
    assert list(tmp_path.iterdir()) == []


def test_the_audit_is_that_of_the_database_in_the_environment(
    parts, cli, address, tmp_path, monkeypatch
):
    submit(parts)
    monkeypatch.setenv("YURAGI_DATABASE", address)
    code, out, _ = cli("audit", "export", "-o", tmp_path / "audit.csv", "--json")
    assert code == 0
    assert json.loads(out)["rows"] == 1


UNREACHABLE = "postgresql://user:hidden@127.0.0.1:9/jobs"


@pytest.mark.parametrize("command", [("audit", "export", "-o", "a.csv"), ("serve",)])
def test_a_database_that_is_away_is_one_line(cli, command):
    code, out, err = cli(*command, "--database", UNREACHABLE)
    assert code == 2  # 1 would be an audit that is not whole
    told = "error: the database postgresql://user:***@127.0.0.1:9/jobs cannot be used: "
    assert err.startswith(told)
    assert "refused" in err
    assert err.count("\n") == 1
    assert out == ""
