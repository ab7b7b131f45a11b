"""The client for programs with asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx2

from yuragi.client import calls
from yuragi.client.calls import Call, File, Refused, answer, headers, said
from yuragi.client.following import AGAIN_S, Following
from yuragi.service.states import State
from yuragi.service.wire import Asset, Event, Health, Job, JobResult, ModelInfo, Queue

__all__ = ["AsyncClient"]

T = TypeVar("T")


class AsyncClient:
    """A client of a service.

    Every method raises `Refused` if the service refuses, and an error of httpx if it cannot be
    reached: a job whose state is not known is never reported as done.

    Args:
        url: the address of the service, such as ``http://127.0.0.1:8420``.
        token: its token, if it needs one.
        timeout: the number of seconds after which a call without an answer fails.
    """

    def __init__(self, url: str, token: str = "", timeout: float = 30.0) -> None:
        self._http = httpx2.AsyncClient(base_url=url, headers=headers(token), timeout=timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def submit(self, kind: str, *, idempotency_key: str | None = None, **options: Any) -> Job:
        """Submit a request.

        Args:
            kind: the task.
            idempotency_key: the same key with the same request gives the same job, so that a
                submission without an answer can be repeated.
            options: the options of the request class; pictures as paths, bytes, or ids of assets.
        """
        return await self._do(calls.submit(kind, options, idempotency_key))

    async def jobs(
        self, *states: State, limit: int = 100, before: str | None = None
    ) -> Sequence[Job]:
        """The jobs in these states, or all, newest first; with `before` only those older than that
        job.
        """
        return await self._do(calls.jobs(states, limit, before))

    async def job(self, job: str) -> Job:
        """A job."""
        return await self._do(calls.job(job))

    async def result(self, job: str) -> JobResult:
        """The result of a job that is done."""
        return await self._do(calls.result(job))

    async def cancel(self, job: str) -> Job:
        """Cancel a job: at once if it waits, otherwise at the next solver step."""
        return await self._do(calls.act(job, "cancel"))

    async def retry(self, job: str) -> Job:
        """Run a job again that failed or was cancelled."""
        return await self._do(calls.act(job, "retry"))

    async def events(self, job: str, after: int = 0) -> AsyncIterator[Event]:
        """The events of a job after a number, until it has ended.

        If the connection breaks, or a proxy says that the service is away, it is opened again and
        continues after the last event.

        Raises:
            httpx2.TransportError: it stays broken for half a minute.
            Refused: the service refuses, or stays away for half a minute.
        """
        following = Following(after)
        while not following.over:
            call = calls.events(job, following.after)
            try:
                async with self._http.stream(call.method, call.path, **call.sent) as response:
                    if not response.is_success:
                        await response.aread()
                    following.opened(response)
                    async for line in response.aiter_lines():
                        if line.startswith("data: "):
                            yield following.took(said(line.removeprefix("data: ")))
            except (httpx2.TransportError, Refused) as error:
                following.broke(error)
                await asyncio.sleep(AGAIN_S)

    async def wait(self, job: str) -> Job:
        """Wait until a job has ended, in whatever state, and return it; see `events`."""
        while True:
            async for _ in self.events(job):
                pass
            found = await self.job(job)
            # Events of an earlier try also end, and an unknown state is for the caller to judge.
            if found.state.ended or found.state is State.UNKNOWN:
                return found

    async def queue(self) -> Queue:
        """The queue."""
        return await self._do(calls.queue())

    async def pause(self) -> Queue:
        """Start no further jobs; running jobs continue."""
        return await self._do(calls.switch("pause"))

    async def resume(self) -> Queue:
        """Start jobs again."""
        return await self._do(calls.switch("resume"))

    async def first(self, *jobs: str) -> Queue:
        """Let waiting jobs run before all others, in this order."""
        return await self._do(calls.first(jobs))

    async def cancel_waiting(self) -> Sequence[str]:
        """Cancel all jobs except the running ones; returns the ids of the cancelled jobs."""
        return await self._do(calls.cancel_all("cancel-waiting"))

    async def clear(self) -> Sequence[str]:
        """Cancel all jobs, including the running ones; returns their ids."""
        return await self._do(calls.cancel_all("clear"))

    async def upload(self, file: File) -> Asset:
        """Store a picture, which several requests can name by its id."""
        return await self._do(calls.upload(file))

    async def download(self, asset: str) -> bytes:
        """The file of an asset."""
        return await self._do(calls.download(asset))

    async def models(self) -> Sequence[ModelInfo]:
        """The models that requests can name."""
        return await self._do(calls.models())

    async def schemas(self) -> dict[str, Any]:
        """The JSON schemas of all requests, by task."""
        return await self._do(calls.schemas())

    async def health(self) -> Health:
        """Whether the service can do its work."""
        return await self._do(calls.health())

    async def _do(self, call: Call[T]) -> T:
        return answer(call, await self._http.request(call.method, call.path, **call.sent))
