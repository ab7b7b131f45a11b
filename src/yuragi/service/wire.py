"""The data types of the API: the service answers with them, and the client reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from yuragi.service.states import State

__all__ = [
    "Asset",
    "Event",
    "Health",
    "Job",
    "JobResult",
    "ModelInfo",
    "Order",
    "Problem",
    "Quality",
    "Queue",
    "Refusal",
]


class Said(BaseModel):
    """The base class of answers; an older client ignores fields that a newer service adds."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Job(Said):
    """A job.

    Attributes:
        id: 32 hexadecimal digits.
        kind: the task of its request.
        state: its state; see `yuragi.service.states`.
        position: 0 for the next job to run; None unless it is queued.
        done: the finished solver steps; the pictures of a batch share its steps.
        total: the total number of solver steps; 0 while unknown.
        preview: the asset of the latest preview, if there is one.
        created: when it was submitted, in seconds since 1970 (UTC).
        started: when a worker first began it.
        ended: when it ended.
        error: why it failed; empty otherwise.
        request: the complete request, with its seed.
    """

    id: str
    kind: str
    state: State
    position: int | None = None
    done: int
    total: int
    preview: str | None = None
    created: float
    started: float | None = None
    ended: float | None = None
    error: str = ""
    request: Mapping[str, Any]


class Asset(Said):
    """A stored picture.

    Attributes:
        id: the digest of the file, 32 hexadecimal digits.
        media_type: ``image/png``, ``image/jpeg`` or ``image/webp``.
        bytes: the size of the file.
        width: the width in pixels.
        height: the height in pixels.
    """

    id: str
    media_type: str
    bytes: int
    width: int
    height: int


class JobResult(Said):
    """The result of a job that is done.

    Attributes:
        pictures: files that carry their request, one for each picture.
        mask: where an edit could change the picture, if it had a mask.
        report: the request, its cost, the model and the versions, as in `yuragi TASK --json`.
    """

    pictures: Sequence[Asset]
    mask: Asset | None = None
    report: Mapping[str, Any]


class Event(Said):
    """Something that happened to a job.

    Attributes:
        number: its number within the job, from 1; None if it is not stored, such as a position.
        kind: ``position``, ``queued``, ``started``, ``step``, ``preview``, or the state in which
            the job ended.
        data: the data of the event, which depend on the kind.
    """

    number: int | None
    kind: str
    data: Mapping[str, Any]


class Queue(Said):
    """The queue.

    Attributes:
        paused: whether no further jobs are started.
        queued: the waiting jobs in the order in which they will run.
        running: the jobs that workers are running.
    """

    paused: bool
    queued: Sequence[str]
    running: Sequence[str]


class Order(BaseModel):
    """Waiting jobs that should run first, in this order.

    Attributes:
        jobs: the ids of queued jobs, each once.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    jobs: Sequence[str]


class Refusal(Said):
    """A request that the policy refused.

    Attributes:
        at: the time, in seconds since 1970 (UTC).
        client: the client that sent the request.
        job: the job, if the request was one already.
        rule: the rule that refused it.
        reason: its reason.
        request: the complete request.
    """

    at: float
    client: str
    job: str | None
    rule: str
    reason: str
    request: Mapping[str, Any]


class ModelInfo(Said):
    """A model that requests can name.

    Attributes:
        name: its name.
        weights: the fingerprint of its weights.
        kind: the class of its pipeline.
        note: its description or licence.
        capabilities: what it can do; None until a worker has loaded it once.
        knows: the pictures that it knows, in words, such as "drawn heads"; empty if unknown.
        calibrated: whether it can recognise pictures that are foreign to it.
        words: the words and phrases that it knows, by kind; empty if unknown.
    """

    name: str
    weights: str
    kind: str
    note: str
    capabilities: Mapping[str, Any] | None = None
    knows: str = ""
    calibrated: bool = False
    words: Mapping[str, Sequence[str]] = {}


class Health(Said):
    """Whether the service can do its work.

    Attributes:
        ready: whether jobs can be submitted.
        problems: the reasons why not, one sentence each.
        workers: the slots of the workers that gave a sign of life.
    """

    ready: bool
    problems: Sequence[str] = ()
    workers: Sequence[str] = ()


class Quality(Said):
    """Whether a score of quality drifted; see `yuragi.service.drift`.

    Attributes:
        model: the model with its version.
        score: ``familiarity``, ``intent``, ``background_error`` or ``stress``.
        alarm: whether it drifted.
        probability: the probability of such values, or worse ones, if nothing has changed.
        recent: the number of recent values.
        reference: the number of values that they are compared with; 0 for the calibration.
        said: the same in words.
    """

    model: str
    score: str
    alarm: bool
    probability: float
    recent: int
    reference: int
    said: str


class Problem(Said):
    """Why a request was refused.

    Attributes:
        message: a sentence.
        argument: the option that is not allowed, if it was one.
    """

    message: str
    argument: str | None = None
