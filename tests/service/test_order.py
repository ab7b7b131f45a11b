"""The queue as a whole."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from submitting import running, submission, submit
from yuragi.service import jobs, order
from yuragi.service.attempts import claim
from yuragi.service.intake import Intake
from yuragi.service.jobs import Conflict
from yuragi.service.states import State


def tickets(parts):
    """The number of tickets that no worker has drawn."""
    return len(parts.tickets.client.list_queued_workflows(queue_name="jobs"))


def test_jobs_run_in_the_order_of_their_places(parts):
    a, b, c = (submit(parts).id for _ in range(3))
    assert order.first(parts.database, [c, b]).queued == [c, b, a]
    assert order.first(parts.database, [a]).queued == [a, c, b]
    late = submit(parts).id
    assert [claim(parts.database, f"w{k}", 0) for k in range(5)] == [a, c, b, late, None]


@pytest.mark.parametrize("wanted", [["0" * 32], ["twice", "twice"], ["running"]])
def test_only_waiting_jobs_are_ordered(parts, wanted):
    one, two = submit(parts), submit(parts)
    running(parts, one)
    names = {"running": one.id, "twice": two.id}
    with pytest.raises(Conflict):
        order.first(parts.database, [names.get(each, each) for each in wanted])
    assert order.shown(parts.database).queued == [two.id]


def test_while_paused_no_job_is_taken(parts):
    first, second = submit(parts), submit(parts)
    running(parts, first)
    assert order.pause(parts.database).paused
    assert claim(parts.database, "other", 0) is None
    assert order.shown(parts.database).running == [first.id]
    before = tickets(parts)
    assert not order.resume(parts.database, parts.tickets).paused
    assert tickets(parts) == before + 1  # for the one that waits
    assert claim(parts.database, "another", 0) == second.id


def test_cancel_all_but_the_running_one_and_clear(parts):
    first, second, third = (submit(parts) for _ in range(3))
    running(parts, first)
    assert order.cancel_all(parts.database, order.WAITING) == [second.id, third.id]
    states = [jobs.find(parts.database, job.id).state for job in (first, second, third)]
    assert states == [State.RUNNING, State.CANCELLED, State.CANCELLED]
    assert order.cancel_all(parts.database, order.UNFINISHED) == [first.id]
    assert jobs.find(parts.database, first.id).state is State.CANCELLING


def test_job_and_ticket_exist_together(parts, monkeypatch):
    def broken(connection):
        raise RuntimeError("the process dies here")

    class Broken:
        wake = staticmethod(broken)

    with pytest.raises(RuntimeError, match="dies here"):
        Intake(parts.database, Broken).submit(submission())
    assert order.shown(parts.database).queued == []
    submit(parts)
    assert tickets(parts) == 1


def test_many_clients_order_and_cancel_at_once(parts):
    """PostgreSQL would end transactions that lock the same jobs in different orders."""
    names = [submit(parts).id for _ in range(8)]
    wanted = [names, names[::-1], names[3:] + names[:3]] * 6
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda chosen: order.first(parts.database, chosen), wanted))
    assert sorted(order.shown(parts.database).queued) == sorted(names)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: order.cancel_all(parts.database, order.WAITING), range(6)))
    assert order.shown(parts.database).queued == []
