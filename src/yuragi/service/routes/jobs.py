"""Routes of single jobs."""

from __future__ import annotations

import logging
import time
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from fastapi import Request as HTTPRequest
from fastapi.concurrency import run_in_threadpool
from sse_starlette import EventSourceResponse
from starlette.datastructures import UploadFile

from yuragi.errors import InputError
from yuragi.service import jobs
from yuragi.service.events import events_after
from yuragi.service.held import Held, Service
from yuragi.service.jobs import Conflict
from yuragi.service.limits import check_room, client_of
from yuragi.service.logs import of_job
from yuragi.service.refusals import note_refusal
from yuragi.service.requests import asked, submission
from yuragi.service.results import result_of
from yuragi.service.states import STORED, State
from yuragi.service.stream import follow, last_seen
from yuragi.service.tracing import submitted
from yuragi.service.uploads import checked
from yuragi.service.wire import Job, JobResult
from yuragi.tasks.picture import pictures_of
from yuragi.tasks.policy import Forbidden
from yuragi.tasks.tasks import TASKS

__all__ = ["router"]

LOG = logging.getLogger(__name__)
router = APIRouter(prefix="/jobs", tags=["jobs"])
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "object", "description": "See /api/v1/schemas."}
            },
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "request": {"type": "string", "description": "The same JSON, as text."},
                        "image": {"type": "string", "format": "binary"},
                        "mask": {"type": "string", "format": "binary"},
                    },
                    "required": ["request"],
                }
            },
        },
    }
}


@router.post("", status_code=202, response_model=Job, openapi_extra=BODY)
async def submit(
    service: Service,
    http: HTTPRequest,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=200)] = None,
) -> Response:
    """Submit a request of any task; its pictures are assets or parts of a form."""
    since = time.time_ns()
    if http.headers.get("content-type", "").startswith("multipart/form-data"):
        async with http.form(max_files=8, max_fields=8) as form:
            text = form.get("request")
            if not isinstance(text, str):
                raise InputError("request", None, "the JSON of a request, as a field of the form")
            files = {k: await v.read() for k, v in form.items() if isinstance(v, UploadFile)}
    else:
        text, files = (await http.body()).decode("utf-8", "replace"), {}
    client = client_of(http)
    job = await run_in_threadpool(_submitted, service, text, files, idempotency_key, client)
    submitted(job.id, since, {"yuragi.task": job.kind})
    with of_job(job.id):
        LOG.info("submitted: %s", job.kind)
    # It is a valid job already: FastAPI would check it again, which takes time.
    there = {"location": f"/api/v1/jobs/{job.id}"}
    return Response(job.model_dump_json(), 202, there, "application/json")


def _submitted(
    service: Held, text: str, files: dict[str, bytes], key: str | None, client: str
) -> Job:
    given, settings = asked(text), service.settings
    if key is None or not service.intake.knows(key):  # otherwise no job is added
        check_room(service.database, client, settings.max_waiting)
    known = pictures_of(TASKS[given["kind"]])
    for name, data in files.items():
        if name not in known:
            raise InputError(name, None, "", "the task takes no such picture")
        given[name] = service.assets.put(checked(data, name, settings.max_pixels)).id
    try:
        limits = settings.max_pixels, settings.max_steps
        made = submission(given, service.assets, *limits, service.policy, key, client)
    except Forbidden as error:
        note_refusal(service.database, error, client, None)
        raise
    return service.intake.submit(made)


@router.get("")
def listed(
    service: Service,
    state: Annotated[list[State] | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    before: str | None = None,
) -> list[Job]:
    """The jobs, newest first; `before` is the id of the last job of the previous page."""
    if State.UNKNOWN in (state or ()):  # how any other word is read
        raise InputError("state", None, "one of " + ", ".join(STORED), "there is no such state")
    return list(jobs.listed(service.database, state or (), limit, before))


@router.get("/{job}")
def find(service: Service, job: str) -> Job:
    """A job."""
    return jobs.find(service.database, job)


@router.post("/{job}/cancel", status_code=202)
def cancel(service: Service, job: str) -> Job:
    """Cancel a job: at once if it waits, otherwise at the next solver step."""
    return jobs.cancel(service.database, job)


@router.post("/{job}/retry", status_code=202)
def retry(service: Service, http: HTTPRequest, job: str) -> Job:
    """Run a job again that failed or was cancelled."""
    check_room(service.database, client_of(http), service.settings.max_waiting)
    return jobs.retry(service.database, service.tickets, job)


@router.get("/{job}/result")
def result(service: Service, job: str) -> JobResult:
    """The pictures and the report of a job that is done."""
    found = result_of(service.database, job)
    if found is None:
        raise Conflict(f"the job is {jobs.find(service.database, job).state} and has no result")
    return found


@router.get(
    "/{job}/events",
    response_class=EventSourceResponse,
    responses={204: {"description": "The job has ended, and every event was seen."}},
)
async def events(
    service: Service, job: str, last_event_id: Annotated[str | None, Header()] = None
) -> Response:
    """Server-sent events of a job; only those after Last-Event-ID if a client reconnects."""
    after = last_seen(last_event_id)
    found = await run_in_threadpool(jobs.find, service.database, job)
    if found.state.ended and not await run_in_threadpool(_left, service, job, after):
        return Response(status_code=204)  # tells a browser not to reconnect
    return EventSourceResponse(follow(service.database, job, after))


def _left(service: Held, job: str, after: int) -> bool:
    """Whether there are events that a client has not seen."""
    with service.database.reading() as connection:
        return bool(events_after(connection, job, after))
