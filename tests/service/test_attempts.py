"""The job table as workers use it."""

import pytest

from submitting import running, submit
from yuragi.service import jobs
from yuragi.service.attempts import STARTS, begin, claim, forgive
from yuragi.service.events import events_after
from yuragi.service.states import State

RESULT = {"pictures": [], "report": {}}


def events(parts, job, after=0):
    with parts.database.reading() as connection:
        return events_after(connection, job.id, after)


def test_a_workflow_that_is_repeated_has_the_job_that_it_took(parts):
    first, second = submit(parts), submit(parts)
    assert claim(parts.database, "a", 0) == first.id
    assert claim(parts.database, "a", 0) == first.id
    assert claim(parts.database, "a", 1) == second.id
    assert claim(parts.database, "b", 0) is None


def test_a_worker_that_was_given_up_changes_nothing(parts):
    job = submit(parts)
    old = running(parts, job)
    new = begin(parts.database, job.id, "slot-2")
    assert old.state() is None
    before = events(parts, job)
    assert old.progress(5, 10) is None
    assert old.preview("0" * 32) is None
    old.fail("it woke up late")
    old.finish(RESULT)
    assert events(parts, job) == before
    assert jobs.find(parts.database, job.id).state is State.RUNNING
    new.finish(RESULT)
    assert jobs.find(parts.database, job.id).state is State.DONE


def test_a_job_that_ended_is_not_begun_again(parts):
    job = submit(parts)
    running(parts, job).finish(RESULT)
    assert begin(parts.database, job.id, "slot-1") is None
    assert jobs.find(parts.database, job.id).state is State.DONE


def test_a_job_that_was_cancelled_while_its_worker_was_dead_is_not_begun(parts):
    job = submit(parts)
    running(parts, job)
    jobs.cancel(parts.database, job.id)
    assert begin(parts.database, job.id, "slot-2") is None
    assert jobs.find(parts.database, job.id).state is State.CANCELLED


def test_who_says_how_far_it_is_hears_whether_to_go_on(parts):
    job = submit(parts)
    attempt = running(parts, job)
    assert attempt.progress(1, 2) is State.RUNNING
    jobs.cancel(parts.database, job.id)
    assert attempt.progress(2, 2) is attempt.state() is State.CANCELLING


def test_a_job_that_kills_its_workers_fails(parts):
    job = submit(parts)
    running(parts, job)
    for _ in range(STARTS - 1):
        assert begin(parts.database, job.id, "slot-1") is not None
    assert begin(parts.database, job.id, "slot-1") is None
    failed = jobs.find(parts.database, job.id)
    assert (failed.state, failed.error) == (State.FAILED, "its worker died 3 times doing it")
    assert events(parts, job)[-1].data == {"error": failed.error}


def test_a_start_that_was_stopped_on_purpose_does_not_count(parts):
    job = submit(parts)
    running(parts, job)
    for _ in range(2 * STARTS):
        forgive(parts.database, "slot-1")
        assert begin(parts.database, job.id, "slot-1") is not None


def test_events_are_numbered_without_gaps_and_kept(parts):
    job = submit(parts)
    attempt = running(parts, job)
    attempt.progress(1, 2)
    attempt.preview("a" * 32)
    attempt.finish(RESULT)
    told = [(event.number, event.kind) for event in events(parts, job)]
    expected = ["queued", "started", "step", "preview", "done"]
    assert told == list(enumerate(expected, 1))
    assert [event.number for event in events(parts, job, after=3)] == [4, 5]
    found = jobs.find(parts.database, job.id)
    assert (found.done, found.total, found.preview) == (1, 2, "a" * 32)


def test_the_database_refuses_a_state_outside_the_set(parts):
    import sqlalchemy as sa

    from yuragi.service import tables

    submit(parts)
    with pytest.raises(sa.exc.IntegrityError), parts.database.writing() as connection:
        connection.execute(sa.update(tables.jobs).values(state="unknown"))
