"""The jobs that a worker runs for one ticket."""

from submitting import submit
from yuragi.models.opening import Opening
from yuragi.provenance.signing import Signing
from yuragi.service import jobs, work
from yuragi.service.attempts import begin
from yuragi.service.loaded import Loaded
from yuragi.service.states import State
from yuragi.service.stopping import Halt
from yuragi.tasks.policy import Policy


def test_a_worker_that_was_only_stuck_leaves_the_ticket_to_its_successor(parts, monkeypatch):
    first, second = submit(parts), submit(parts)
    loaded = Loaded(Opening(device="cpu"), 1)
    bench = work.Bench(
        parts.database, parts.assets, loaded, "old", parts.tickets, Signing(), Policy(), Halt()
    )

    def stuck(bench, attempt):
        begin(parts.database, attempt.job, "new")
        raise work.Stopped

    monkeypatch.setattr(work, "_run", stuck)
    assert not work._turns(bench, "ticket")
    assert jobs.find(parts.database, first.id).state is State.RUNNING
    assert jobs.find(parts.database, second.id).state is State.QUEUED
