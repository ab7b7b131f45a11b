"""Routes of pictures."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from fastapi import Request as HTTPRequest
from fastapi.concurrency import run_in_threadpool

from yuragi.service.held import Service
from yuragi.service.uploads import FORMATS, checked
from yuragi.service.wire import Asset

__all__ = ["router"]

router = APIRouter(prefix="/assets", tags=["assets"])
FILE = {"schema": {"type": "string", "format": "binary"}}
BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {each: FILE for each in FORMATS.values()}}
}


@router.post("", status_code=201, openapi_extra=BODY)
async def upload(service: Service, http: HTTPRequest) -> Asset:
    """Store a picture: the body is the file. The same file again is the same asset."""
    data = await http.body()
    picture = await run_in_threadpool(checked, data, "image", service.settings.max_pixels)
    return await run_in_threadpool(service.assets.put, picture)


@router.get("/{asset}", response_class=Response)
def download(service: Service, asset: str) -> Response:
    """The file of an asset."""
    found = service.assets.find(asset)
    headers = {"cache-control": "private, max-age=31536000, immutable", "etag": f'"{found.id}"'}
    return Response(service.assets.read(asset), media_type=found.media_type, headers=headers)


@router.get("/{asset}/about")
def about(service: Service, asset: str) -> Asset:
    """What is known about an asset."""
    return service.assets.find(asset)
