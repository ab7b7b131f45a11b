"""Faults on purpose, each once, and whether a broken promise is seen."""

import os

import pytest

pytest.importorskip("dbos")

from yuragi.research.bench import report
from yuragi.research.bench.service.faults import clock, suite
from yuragi.research.bench.service.faults.bed import SEEDS, bed
from yuragi.research.bench.service.faults.postgres import installed, postgres
from yuragi.research.bench.service.faults.promises import PROMISES, counted, known_results
from yuragi.research.bench.service.faults.scenarios import SCENARIOS, Size
from yuragi.service import tables
from yuragi.service.events import add_event
from yuragi.service.states import State

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]
ONCE = Size(8, 1)
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
NEEDS_CLOCK = pytest.mark.skipif(clock.library() is None, reason="libfaketime is not installed")
NEEDS_SERVER = pytest.mark.skipif(installed() is None, reason="PostgreSQL is not installed")
MARKS = {"disk": NEEDS_ROOT, "clock": NEEDS_CLOCK}
ON_SQLITE = [
    pytest.param(name, marks=MARKS.get(name, ())) for name in SCENARIOS if name != "restarts"
]


@pytest.fixture(scope="module")
def known():
    return known_results()


@pytest.mark.parametrize("name", ON_SQLITE)
def test_no_promise_is_broken_on_sqlite(name, known):
    counts = SCENARIOS[name]("sqlite", None, ONCE, known)
    assert {promise: counts[promise] for promise in PROMISES} == dict.fromkeys(PROMISES, 0)
    assert counts["jobs"] == counts["done"] + counts["cancelled"] > 0


@NEEDS_SERVER
@pytest.mark.parametrize("name", ["kills", "restarts", "duplicates"])
def test_no_promise_is_broken_on_postgresql(name, known):
    with postgres() as server:
        counts = SCENARIOS[name](server.database("jobs"), server, ONCE, known)
    assert {promise: counts[promise] for promise in PROMISES} == dict.fromkeys(PROMISES, 0)
    assert counts["jobs"] == counts["done"] + counts["cancelled"] > 0


def test_broken_promises_are_counted(known):
    with bed("sqlite") as there:
        there.worker("only")
        good, twice, half, other, lost, revived = there.submit(6)
        there.finish()
        there.accepted["0" * 32] = 0  # the service does not know it
        there.cancelled.add(revived)
        there.accepted[other] = (there.accepted[other] + 1) % SEEDS
        picture = there.service.result(half).pictures[0].id
        (there.assets / picture[:2] / picture).write_bytes(b"half")
        (there.assets / "00").mkdir(exist_ok=True)
        (there.assets / "00" / ".partial-x").touch()
        jobs = tables.jobs
        with there.database.writing() as connection:
            add_event(connection, twice, State.DONE, {})
            failed = jobs.update().where(jobs.c.id == lost)
            connection.execute(failed.values(state=State.FAILED))
            gap = tables.events.delete().where(tables.events.c.job == good)
            connection.execute(gap.where(tables.events.c.number == 2))
        # Jobs of one seed share a picture, so that one file can break several results.
        sharing = sum(
            seed == there.accepted[half] for job, seed in there.accepted.items() if job != other
        )
        found = counted(there, known)
    assert found["lost"] == 2
    assert found["twice"] == 2  # the unknown one has no end at all
    assert found["half"] >= min(1, sharing)
    assert found["revived"] == 1
    assert found["different"] == 1
    assert found["gaps"] == 1
    assert found["rest"] == 1


def test_a_broken_promise_fails_the_command(cli, monkeypatch, tmp_path):
    monkeypatch.setattr(suite, "known_results", dict)
    monkeypatch.setattr(report, "_commit", lambda: "abc")

    def scenario(database, server, size, known):
        return {**dict.fromkeys(PROMISES, 0), "jobs": 1, "lost": 1}

    monkeypatch.setitem(SCENARIOS, "two", scenario)
    asked = "bench", "faults", "--scenario", "two", "--database", "sqlite", "--runs"
    code, out, _ = cli(*asked, tmp_path / "first", "-o", tmp_path / "faults.json")
    assert code == 1
    assert "two sqlite" in out
    monkeypatch.setitem(SCENARIOS, "two", lambda *given: dict.fromkeys(PROMISES, 0))
    # Rows that were made are taken from the folder, others are made.
    assert cli(*asked, tmp_path / "first", "-o", tmp_path / "faults.json")[0] == 1
    assert cli(*asked, tmp_path / "second", "-o", tmp_path / "faults.json")[0] == 0


@pytest.mark.parametrize("commit", ["abc+", "unknown"])
def test_rows_of_unknown_code_are_not_reused(commit, monkeypatch, tmp_path):
    made = _made(monkeypatch, commit)
    for _ in range(2):
        suite.bench_faults(["two"], ["sqlite"], ONCE, tmp_path, lambda *at: None)
    assert len(made) == 2


def test_rows_of_other_sizes_are_not_reused(monkeypatch, tmp_path):
    made = _made(monkeypatch, "abc")
    for size in (ONCE, Size(ONCE.jobs, 2), ONCE):
        suite.bench_faults(["two"], ["sqlite"], size, tmp_path, lambda *at: None)
    monkeypatch.setattr(suite, "STEPS", suite.STEPS + 1)
    suite.bench_faults(["two"], ["sqlite"], ONCE, tmp_path, lambda *at: None)
    assert made == [ONCE, Size(ONCE.jobs, 2), ONCE]


def _made(monkeypatch, commit):
    """The sizes with which a scenario that does nothing is run, by this commit."""
    made = []

    def scenario(database, server, size, known):
        made.append(size)
        return dict.fromkeys(PROMISES, 0)

    monkeypatch.setattr(suite, "known_results", dict)
    monkeypatch.setattr(report, "_commit", lambda: commit)
    monkeypatch.setitem(SCENARIOS, "two", scenario)
    return made
