"""The calls of the API as values: what is sent, and how the answer is read.

Both clients send them, so that nothing about the API is written twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

import httpx2
from pydantic import TypeAdapter, ValidationError

from yuragi.errors import YuragiError
from yuragi.service.states import State
from yuragi.service.wire import Asset, Event, Health, Job, JobResult, ModelInfo, Problem, Queue

__all__ = ["AWAY", "PATIENCE_S", "Call", "File", "Refused", "answer", "headers", "refusal", "said"]

T = TypeVar("T")

File: TypeAlias = str | Path | bytes
"""A picture's file: its path or its bytes."""
API = "/api/v1"
AWAY = (502, 503, 504)
"""Statuses that say that the service, or what is behind a proxy, is away for now."""
PATIENCE_S = 30.0
"""How long a client waits for a connection to come back; see `Client.events`."""


class Refused(YuragiError):
    """The service refused a request.

    Attributes:
        status: the HTTP status.
        argument: the option that is not allowed, if it was one.
    """

    def __init__(self, status: int, message: str, argument: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.argument = argument


@dataclass(frozen=True)
class Call(Generic[T]):
    """A call of the API.

    Attributes:
        method: the HTTP method.
        path: the path.
        read: the function that reads the answer.
        sent: everything else that is sent, as keywords of httpx.
    """

    method: str
    path: str
    read: Callable[[httpx2.Response], T]
    sent: Mapping[str, Any] = field(default_factory=dict)


def answer(call: Call[T], response: httpx2.Response) -> T:
    """Read the answer to a call.

    Raises:
        Refused: the service refused it, or answered with something else.
    """
    if response.is_success:
        try:
            return call.read(response)
        except ValidationError as error:
            message = "the answer is none of this version of the service"
            raise Refused(response.status_code, message) from error
    raise refusal(response)


def refusal(response: httpx2.Response) -> Refused:
    """The refusal in an answer that was read, with the message of the service if there is one."""
    status = response.status_code
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        return Refused(status, f"the service answered {status}")
    return Refused(status, problem.message, problem.argument)


def headers(token: str) -> Mapping[str, str]:
    """The headers that every call sends."""
    return {"authorization": f"Bearer {token}"} if token else {}


def _as(kind: Any) -> Callable[[httpx2.Response], Any]:
    adapter = TypeAdapter(kind)
    return lambda response: adapter.validate_json(response.content)


def said(line: str) -> Event:
    """The event in a line of data of a stream."""
    return Event.model_validate_json(line)


def submit(kind: str, options: Mapping[str, Any], key: str | None) -> Call[Job]:
    """Submit a request; pictures that are files are sent with it."""
    files = {name: _bytes(value) for name, value in options.items() if _is_file(name, value)}
    rest = {name: value for name, value in options.items() if name not in files}
    text = json.dumps({"kind": kind, **rest})
    keyed = {} if key is None else {"idempotency-key": key}
    sent: dict[str, Any] = {"headers": keyed}
    if files:
        sent |= {"data": {"request": text}, "files": files}
    else:
        sent |= {"content": text}
        keyed["content-type"] = "application/json"
    return Call("POST", f"{API}/jobs", _as(Job), sent)


def _is_file(name: str, value: object) -> bool:
    """Whether an option is a picture's file, and not the id of an asset."""
    return isinstance(value, bytes | Path) or (name in ("image", "mask") and _is_path(value))


def _is_path(value: object) -> bool:
    return isinstance(value, str) and Path(value).suffix != ""


def _bytes(file: File) -> bytes:
    return file if isinstance(file, bytes) else Path(file).read_bytes()


def jobs(states: Sequence[State], limit: int, before: str | None) -> Call[list[Job]]:
    """List jobs."""
    asked = {"state": [str(each) for each in states], "limit": limit}
    sent = {"params": asked if before is None else {**asked, "before": before}}
    return Call("GET", f"{API}/jobs", _as(list[Job]), sent)


def job(name: str) -> Call[Job]:
    """Get a job."""
    return Call("GET", f"{API}/jobs/{name}", _as(Job))


def act(name: str, what: str) -> Call[Job]:
    """Cancel or retry a job."""
    return Call("POST", f"{API}/jobs/{name}/{what}", _as(Job))


def result(name: str) -> Call[JobResult]:
    """The result of a job."""
    return Call("GET", f"{API}/jobs/{name}/result", _as(JobResult))


def events(name: str, after: int) -> Call[None]:
    """The events of a job after a number, as a stream."""
    sent = {"headers": {"last-event-id": str(after)}}
    return Call("GET", f"{API}/jobs/{name}/events", lambda response: None, sent)


def queue() -> Call[Queue]:
    """Get the queue."""
    return Call("GET", f"{API}/queue", _as(Queue))


def switch(what: str) -> Call[Queue]:
    """Pause or resume the queue."""
    return Call("POST", f"{API}/queue/{what}", _as(Queue))


def first(chosen: Sequence[str]) -> Call[Queue]:
    """Let jobs run first."""
    return Call("PUT", f"{API}/queue/order", _as(Queue), {"json": {"jobs": list(chosen)}})


def cancel_all(what: str) -> Call[list[str]]:
    """Cancel the waiting jobs, or all."""
    return Call("POST", f"{API}/queue/{what}", _as(list[str]))


def upload(file: File) -> Call[Asset]:
    """Store a picture."""
    return Call("POST", f"{API}/assets", _as(Asset), {"content": _bytes(file)})


def download(name: str) -> Call[bytes]:
    """The file of an asset."""
    return Call("GET", f"{API}/assets/{name}", lambda response: response.content)


def models() -> Call[list[ModelInfo]]:
    """The models that requests can name."""
    return Call("GET", f"{API}/models", _as(list[ModelInfo]))


def schemas() -> Call[dict[str, Any]]:
    """The JSON schemas of all requests."""
    return Call("GET", f"{API}/schemas", _as(dict[str, Any]))


def health() -> Call[Health]:
    """Whether the service can do its work."""
    return Call("GET", "/readyz", _as(Health))
