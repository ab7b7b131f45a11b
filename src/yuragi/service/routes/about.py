"""Routes about the service: its capabilities and its health."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from sqlalchemy.exc import SQLAlchemyError

from yuragi.errors import InputError
from yuragi.models.knowledge import Knowledge, knowledge_of
from yuragi.models.listing import ListedModel, named_models
from yuragi.models.names import model_path
from yuragi.service.held import Held, Service
from yuragi.service.jobs import NotFound
from yuragi.service.learned import learned
from yuragi.service.refusals import refused
from yuragi.service.requests import schema_of
from yuragi.service.slots import alive
from yuragi.service.wire import Health, ModelInfo, Refusal
from yuragi.tasks.tasks import TASKS

__all__ = ["health", "router"]

router = APIRouter(tags=["about"])
health = APIRouter(tags=["health"])


@router.get("/models")
def models(service: Service) -> list[ModelInfo]:
    """The models that requests can name."""
    known = learned(service.database)
    return [_about(each, known.get(each.weights)) for each in named_models()]


def _about(model: ListedModel, capabilities: Mapping[str, Any] | None) -> ModelInfo:
    known = Knowledge()
    with suppress(InputError):  # a registered model whose files are gone
        known = knowledge_of(model_path(model.name), model.weights)
    return ModelInfo(
        name=model.name,
        weights=model.weights,
        kind=model.kind,
        note=model.note,
        capabilities=capabilities,
        knows=known.pictures,
        calibrated=known.calibrated,
        words=known.words,
    )


@router.get("/refusals")
def refusals(service: Service, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[Refusal]:
    """The requests that the policy refused, newest first."""
    return list(refused(service.database, limit))


@router.get("/schemas")
def schemas() -> dict[str, dict[str, Any]]:
    """The JSON schemas of all requests, by task."""
    return {name: schema_of(kind) for name, kind in TASKS.items()}


@router.get("/schemas/{kind}")
def schema(kind: str) -> dict[str, Any]:
    """The JSON schema of the requests of a task."""
    if kind not in TASKS:
        raise NotFound(f"there is no task {kind}; there are {', '.join(TASKS)}")
    return schema_of(TASKS[kind])


@health.get("/healthz")
async def healthy() -> dict[str, bool]:  # needs no thread, and answers while all are in use
    """Whether the process answers."""
    return {"alive": True}


@health.get("/readyz", responses={503: {"model": Health}})
def ready(service: Service, response: Response) -> Health:
    """Whether jobs can be submitted; without a living worker they wait."""
    found = _checked(service)
    response.status_code = 200 if found.ready else 503
    return found


def _checked(service: Held) -> Health:
    problems, workers = [], list[str]()
    try:
        workers = list(alive(service.database, service.watch))
        if not service.database.current:
            problems.append("the tables in the database are those of another version")
    except SQLAlchemyError:
        problems.append("the database does not answer")
    if not service.assets.writable:
        problems.append("the store of pictures cannot be written")
    return Health(ready=not problems, problems=problems, workers=workers)
