"""The promises of a service, and how often its job table and its pictures break them.

- ``lost``: accepted jobs that were not cancelled and did not end as done;
- ``twice``: jobs that did not end exactly once, for example because two attempts wrote a result;
- ``half``: jobs with pictures that are missing, damaged or without their request;
- ``revived``: jobs that were cancelled but are not in the state cancelled;
- ``different``: jobs whose results differ in any byte from those of an uninterrupted run;
- ``gaps``: jobs whose events are not numbered 1, 2, 3 and so on;
- ``rest``: partially written files that were left.
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
    """The ids of the pictures of an uninterrupted run, by seed; they are digests of the files."""
    with bed("sqlite") as there:
        there.worker("only")
        jobs = there.submit(SEEDS)
        there.finish()
        return {there.accepted[job]: _pictures(there.service, job) for job in jobs}


def counted(
    there: Bed, known: Mapping[int, tuple[str, ...]], retried: frozenset[str] = frozenset()
) -> dict[str, int]:
    """The number of jobs in total and by final state, and how often each promise was broken.

    Args:
        there: the service, in which all jobs have ended.
        known: the pictures of uninterrupted runs, by seed.
        retried: jobs that failed because of the fault, with a reason, and were retried.
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
        # For the events of a lost job, the service would answer with an error.
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
    """The numbers and the kinds of a job's events."""
    told = [event for event in there.service.events(job) if event.number is not None]
    return [event.number or 0 for event in told], [event.kind for event in told]


def _pictures(service: Client, job: str) -> tuple[str, ...]:
    return tuple(picture.id for picture in service.result(job).pictures)


def _whole(service: Client, picture: str) -> bool:
    """Whether a picture matches its id, can be decoded, and contains its request."""
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
