"""Routes for operators: metrics, and alarms about quality."""

from __future__ import annotations

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST

from yuragi.service.metrics import Metrics
from yuragi.service.wire import Quality

__all__ = ["metrics", "router"]

router = APIRouter(tags=["monitor"])
metrics = APIRouter(tags=["monitor"])


def _of(request: Request) -> Metrics:
    return cast(Metrics, request.app.state.metrics)


@metrics.get("/metrics", response_class=Response)
def scraped(known: Annotated[Metrics, Depends(_of)]) -> Response:
    """The metrics of the service in the format of Prometheus."""
    return Response(known.text(), media_type=CONTENT_TYPE_LATEST)


@router.get("/quality")
def quality(known: Annotated[Metrics, Depends(_of)]) -> list[Quality]:
    """Whether the scores of quality drifted, by model and score."""
    return known.quality()
