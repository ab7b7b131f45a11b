"""The job table as people use it."""

import threading

import pytest

from submitting import running, submit
from yuragi.service import jobs, order
from yuragi.service.jobs import Conflict, NotFound
from yuragi.service.states import State


def test_a_job_waits_with_its_whole_request(parts):
    first, second = submit(parts, 7), submit(parts, 8)
    assert (first.state, first.position, second.position) == (State.QUEUED, 0, 1)
    assert first.request["seed"] == 7
    assert first.request["num_inference_steps"] > 1  # defaults are resolved
    assert jobs.find(parts.database, first.id) == first
    with pytest.raises(NotFound):
        jobs.find(parts.database, "0" * 32)


def test_the_same_submission_is_the_same_job(parts):
    first = submit(parts, key="a")
    assert submit(parts, seed=5, key="a").id == first.id  # a drawn seed is not what was sent
    assert submit(parts).id != first.id
    with pytest.raises(Conflict, match="used before"):
        submit(parts, key="a", body="1" * 32)
    assert len(order.shown(parts.database).queued) == 2


def test_submissions_at_one_moment_are_one_job(parts):
    start, found = threading.Barrier(8), []

    def act():
        start.wait()
        found.append(submit(parts, key="a").id)

    threads = [threading.Thread(target=act) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
    assert len(order.shown(parts.database).queued) == 1


def test_a_waiting_job_is_cancelled_at_once_and_can_be_tried_again(parts):
    job, other = submit(parts), submit(parts)
    assert jobs.cancel(parts.database, job.id).state is State.CANCELLED
    assert jobs.cancel(parts.database, job.id).state is State.CANCELLED  # twice is the same
    assert jobs.find(parts.database, other.id).position == 0
    again = jobs.retry(parts.database, parts.tickets, job.id)
    assert (again.state, again.position, again.ended) == (State.QUEUED, 1, None)
    assert again.request == job.request
    with pytest.raises(Conflict, match="queued"):
        jobs.retry(parts.database, parts.tickets, job.id)


def test_a_running_job_is_cancelled_by_its_worker(parts):
    job = submit(parts)
    attempt = running(parts, job)
    assert jobs.cancel(parts.database, job.id).state is State.CANCELLING
    assert attempt.state() is State.CANCELLING
    attempt.finish({"pictures": [], "report": {}})  # too late
    assert jobs.find(parts.database, job.id).state is State.CANCELLED


def test_a_job_that_is_done_stays_done(parts):
    job = submit(parts)
    running(parts, job).finish({"pictures": [], "report": {}})
    done = jobs.find(parts.database, job.id)
    assert done.state is State.DONE
    assert done.ended >= done.started >= done.created
    with pytest.raises(Conflict, match="done"):
        jobs.cancel(parts.database, job.id)
    with pytest.raises(Conflict, match="done"):
        jobs.retry(parts.database, parts.tickets, job.id)


def test_pages_of_jobs_newest_first(parts):
    made = [submit(parts).id for _ in range(5)]
    first = jobs.listed(parts.database, (), 3, None)
    rest = jobs.listed(parts.database, (), 3, first[-1].id)
    assert [job.id for job in (*first, *rest)] == made[::-1]
    jobs.cancel(parts.database, made[1])
    (found,) = jobs.listed(parts.database, [State.CANCELLED], 3, None)
    assert found.id == made[1]


def test_a_state_of_another_version_is_unknown_and_not_done():
    assert State("archived") is State.UNKNOWN
    assert not State.UNKNOWN.ended
