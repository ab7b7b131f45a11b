"""How a worker records the outcome of a job."""

from submitting import running, submit
from yuragi.service import jobs, work
from yuragi.service.attempts import Attempt
from yuragi.service.states import State
from yuragi.service.wire import JobResult


class Unrecordable(Attempt):
    """An attempt whose result cannot be recorded."""

    def finish(self, result):
        raise ValueError("this result cannot be recorded")


def test_a_job_whose_result_cannot_be_recorded_fails(parts, monkeypatch):
    job = submit(parts)
    attempt = Unrecordable(**vars(running(parts, job)))
    made = JobResult(pictures=[], mask=None, report={"evaluations": 1})
    monkeypatch.setattr(work, "_run", lambda bench, attempt: made)
    bench = work.Bench(parts.database, parts.assets, None, "slot-1", parts.tickets, *[None] * 3)
    assert work._do(bench, attempt)
    found = jobs.find(parts.database, job.id)
    assert (found.state, found.error) == (
        State.FAILED,
        "an error inside the service: ValueError",
    )
