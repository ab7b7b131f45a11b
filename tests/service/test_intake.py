"""Submissions that come together, and the tickets that they need."""

import sqlalchemy as sa

from submitting import submission, submit
from yuragi.service import jobs, order, tables
from yuragi.service.attempts import claim
from yuragi.service.events import events_after
from yuragi.service.jobs import Conflict
from yuragi.service.tickets import ENOUGH


def drawable(parts):
    """The tickets that lie in the queue, as the queue knows and as the table counts."""
    with parts.database.reading() as connection:
        counted = connection.execute(sa.select(tables.queue.c.tickets)).scalar_one()
    return len(parts.tickets.client.list_queued_workflows(queue_name="jobs")), counted


def test_a_transaction_of_several_jobs_is_like_one_for_each(parts):
    first = submit(parts)
    added = parts.intake._add([submission(seed) for seed in range(3)])
    assert [job.position for job in added] == [1, 2, 3]
    assert [job.request["seed"] for job in added] == [0, 1, 2]
    for job in added:
        assert jobs.find(parts.database, job.id) == job
        with parts.database.reading() as connection:
            assert [event.kind for event in events_after(connection, job.id, 0)] == ["queued"]
    assert order.shown(parts.database).queued == [first.id, *(job.id for job in added)]


def test_equal_keys_in_one_transaction_are_one_job(parts):
    early = submit(parts, key="early", body="a" * 32)
    given = [
        submission(key="k", body="a" * 32),
        submission(key="k", body="a" * 32),
        submission(key="k", body="b" * 32),
        submission(key="early", body="a" * 32),
        submission(key="early", body="b" * 32),
        submission(),
    ]
    one, same, other, known, reused, free = parts.intake._add(given)
    assert one == same
    assert known.id == early.id
    assert isinstance(other, Conflict)
    assert isinstance(reused, Conflict)
    assert order.shown(parts.database).queued == [early.id, one.id, free.id]


def test_as_many_tickets_as_jobs_and_no_more_than_enough(parts):
    submit(parts)
    assert drawable(parts) == (1, 1)
    parts.intake._add([submission(seed) for seed in range(ENOUGH - 2)])
    assert drawable(parts) == (ENOUGH - 1, ENOUGH - 1)
    parts.intake._add([submission(seed) for seed in range(20)])
    assert drawable(parts) == (ENOUGH, ENOUGH)


def test_a_drawn_ticket_is_counted_once_and_replaced_when_jobs_need_it(parts):
    first, second = submit(parts), submit(parts)
    assert claim(parts.database, "drawn", 0) == first.id
    assert claim(parts.database, "drawn", 0) == first.id  # after a crash, the same again
    assert drawable(parts)[1] == 1
    assert claim(parts.database, "drawn", 1) == second.id  # for the same ticket
    assert drawable(parts)[1] == 1
    before = drawable(parts)[0]
    submit(parts)
    assert drawable(parts) == (before, 1)  # the one that lies there is enough
    submit(parts)
    assert drawable(parts) == (before + 1, 2)
