"""The HTTP service."""

from __future__ import annotations

import errno
import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from yuragi import __version__
from yuragi.errors import InputError
from yuragi.service.held import Held
from yuragi.service.jobs import Conflict, NotFound
from yuragi.service.limits import Crowded
from yuragi.service.metrics import Metrics
from yuragi.service.pages import MAX_BYTES, pages_of
from yuragi.service.routes import about, assets, jobs, monitor, queue
from yuragi.service.shield import shield
from yuragi.service.studio import add_studio
from yuragi.service.tally import Counting, Tally
from yuragi.service.wire import Problem
from yuragi.tasks.policy import Forbidden

__all__ = ["API", "make_app"]

LOG = logging.getLogger(__name__)
API = "/api/v1"
REFUSALS = (400, 401, 403, 404, 408, 409, 413, 421, 422, 429)


def make_app(parts: Held) -> FastAPI:
    """The service as an ASGI application."""
    settings = parts.settings
    pages = pages_of(settings)
    tally = Tally(parts.database)
    app = FastAPI(
        title="Yuragi",
        version=__version__,
        summary="Edits of images with pretrained diffusion models, as jobs that survive.",
        openapi_url=f"{API}/openapi.json",
        docs_url=None,  # its page would load scripts from other sites
        redoc_url=None,
        middleware=[
            Middleware(Counting, tally=tally),
            *shield(settings, dict.fromkeys(pages, MAX_BYTES)),
        ],
        exception_handlers={
            InputError: _refused,
            RequestValidationError: _invalid,
            NotFound: _missing,
            Conflict: _conflicting,
            Forbidden: _forbidden,
            Crowded: _crowded,
            HTTPException: _plain,
            DBAPIError: _without_database,
            OSError: _without_store,
            Exception: _broken,
        },
        responses={status: {"model": Problem} for status in REFUSALS},
    )
    app.state.held = parts
    app.state.metrics = Metrics(parts.database, tally, parts.watch)
    for routes in (jobs.router, queue.router, assets.router, about.router, monitor.router):
        app.include_router(routes, prefix=API)
    app.include_router(about.health)
    app.include_router(monitor.metrics)
    for path, page in pages.items():
        app.mount(path, page)
    add_studio(app, API)  # last, because its page answers every other path
    return app


async def _refused(request: Request, error: Exception) -> JSONResponse:
    argument = error.argument if isinstance(error, InputError) else None
    return _problem(422, str(error), argument)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(each) for each in first["loc"][1:])
    return _problem(422, f"{place}: {first['msg']}", place or None)


async def _missing(request: Request, error: Exception) -> JSONResponse:
    return _problem(404, str(error))


async def _conflicting(request: Request, error: Exception) -> JSONResponse:
    return _problem(409, str(error))


async def _forbidden(request: Request, error: Exception) -> JSONResponse:
    return _problem(403, str(error))


async def _crowded(request: Request, error: Exception) -> JSONResponse:
    told = _problem(429, str(error))
    told.headers["retry-after"] = str(Crowded.seconds)
    return told


async def _plain(request: Request, error: Exception) -> JSONResponse:
    """Requests that the libraries refuse by themselves, such as a path without a route."""
    assert isinstance(error, HTTPException)
    return _problem(error.status_code, str(error.detail))


async def _without_database(request: Request, error: Exception) -> JSONResponse:
    LOG.error("%s %s: %s", request.method, request.url.path, error)
    return _problem(503, "the database does not answer; try again")


async def _without_store(request: Request, error: Exception) -> JSONResponse:
    """Pictures cannot be stored, or cannot be read."""
    LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _problem(507, "the store of pictures is full")
    return _problem(503, "the store of pictures cannot be used")


async def _broken(request: Request, error: Exception) -> JSONResponse:
    LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _problem(500, "an error inside the service; its log says more")


def _problem(status: int, message: str, argument: str | None = None) -> JSONResponse:
    return JSONResponse(Problem(message=message, argument=argument).model_dump(), status)
