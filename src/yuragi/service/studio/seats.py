"""A limit on the requests of the studio that are in progress at the same time.

Routes run in threads, of which all routes of the process share 40. A request of the studio can take
seconds, such as while a model is loaded. Without a limit, a few dozen of them would stop the API.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from starlette.exceptions import HTTPException

__all__ = ["SEATS", "Seats"]

SEATS = 6
"""The seats of each part of the studio; all parts together leave some threads to the API."""
WAIT_S = 10.0
"""How long a request waits for a seat."""


class Seats:
    """A dependency of routes: a request occupies a seat until it is answered.

    Args:
        count: the number of seats.

    Raises:
        HTTPException: no seat became free in time (503).
    """

    def __init__(self, count: int) -> None:
        self._free = asyncio.Semaphore(count)

    async def __call__(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(WAIT_S):
                await self._free.acquire()
        except TimeoutError as error:
            message = "the studio is busy with other requests; try again"
            raise HTTPException(503, message) from error
        try:
            yield
        finally:
            self._free.release()
