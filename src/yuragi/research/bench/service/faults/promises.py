"""What a service promises whatever happens, counted on its job table and its pictures.

- ``lost``: jobs that were accepted and have not ended as they should: done, or cancelled as asked;
- ``twice``: jobs that ended more than once, so that two attempts wrote what came of them;
- ``half``: pictures of results that are not there, damaged, or do not carry their request;
- ``revived``: jobs that were cancelled, and are not;
- ``different``: results that differ in any byte from those of an uninterrupted run;
- ``gaps``: jobs whose events are not numbered 1, 2, 3 and so on;
- ``rest``: files that were begun and left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from io import BytesIO

from PIL import Image

from yuragi.client import Client, Refused
from yuragi.errors import InputError
from yuragi.research.bench.service.faults.bed import SEEDS, Bed, bed
from yuragi.service.states import ENDED, State
from yuragi.tasks.record import read_record

__all__ = ["PROMISES", "counted", "known_results"]

PROMISES = "lost", "twice", "half", "revived", "different", "gaps", "rest"


def known_results() -> Mapping[int, tuple[str, ...]]:
    """The pictures of an uninterrupted run, by seed: their ids are digests of their files."""
    with bed("sqlite") as there:
        there.worker("only")
        jobs = there.submit(SEEDS)
        there.finish()
        return {there.accepted[job]: _pictures(there.service, job) for job in jobs}


def counted(
    there: Bed, known: Mapping[int, tuple[str, ...]], retried: frozenset[str] = frozenset()
) -> dict[str, int]:
    """How many jobs there are, by what came of them, and how often a promise was broken.

    Args:
        there: the service, in which no job is left to do.
        known: the pictures of uninterrupted runs, by seed.
        retried: jobs that failed, with a reason, because of the fault, and were done once more.
    """
    jobs = {job.id: job for job in there.jobs()}
    states = [job.state for job in jobs.values()]
    ended = State.DONE, State.FAILED, State.CANCELLED
    counts = {str(state): states.count(state) for state in ended}
    broken, starts = dict.fromkeys(PROMISES, 0), 0
    for job, seed in there.accepted.items():
        state = jobs[job].state if job in jobs else State.UNKNOWN
        broken["revived"] += job in there.cancelled and state is not State.CANCELLED
        broken["lost"] += job not in there.cancelled and state is not State.DONE
        # The service answers with an error when it is asked for the events of a job that it lost.
        numbers, kinds = _events(there, job) if job in jobs else ([], [])
        starts += kinds.count("started")
        broken["gaps"] += numbers != list(range(1, len(numbers) + 1))
        broken["twice"] += sum(kind in ENDED for kind in kinds) - (job in retried) != 1
        if state is State.DONE:
            pictures = _pictures(there.service, job)
            broken["half"] += not all(_whole(there.service, each) for each in pictures)
            broken["different"] += pictures != known[seed]
    broken["rest"] = len(list(there.assets.rglob(".partial-*")))
    return {"jobs": len(jobs), **counts, "starts": starts, **broken}


def _events(there: Bed, job: str) -> tuple[list[int], list[str]]:
    """The numbers and the kinds of the events of a job."""
    told = [event for event in there.service.events(job) if event.number is not None]
    return [event.number or 0 for event in told], [event.kind for event in told]


def _pictures(service: Client, job: str) -> tuple[str, ...]:
    return tuple(picture.id for picture in service.result(job).pictures)


def _whole(service: Client, picture: str) -> bool:
    """Whether a picture is what its name says, can be decoded, and carries its request."""
    try:
        data = service.download(picture)
    except Refused:
        return False
    try:
        with Image.open(BytesIO(data)) as image:
            image.load()
            read_record(image, picture)
    except (OSError, InputError):
        return False
    return hashlib.blake2b(data, digest_size=16).hexdigest() == picture
