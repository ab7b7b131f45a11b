"""Jobs in the job table without a client, for the tests of the service."""

from yuragi.service.attempts import begin, claim
from yuragi.service.intake import Submission
from yuragi.tasks.sample import SampleRequest


def submission(seed=0, key=None, body="0" * 32):
    request = SampleRequest(model="tiny", prompt="a person", seed=seed)
    return Submission(request, {}, body, key)


def submit(parts, *given, **named):
    return parts.intake.submit(submission(*given, **named))


def running(parts, job, workflow="w", slot="slot-1"):
    """A job that a worker has begun."""
    assert claim(parts.database, workflow, 0) == job.id
    return begin(parts.database, job.id, slot)
