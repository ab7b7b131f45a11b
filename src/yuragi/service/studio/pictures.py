"""Pictures that the page opens and downloads."""

from __future__ import annotations

import io
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Literal

from fastapi import APIRouter, Response
from fastapi import Request as HTTPRequest
from fastapi.concurrency import run_in_threadpool
from PIL import Image

from yuragi.errors import InputError
from yuragi.service.held import Held, Service
from yuragi.service.jobs import NotFound
from yuragi.service.routes.assets import BODY
from yuragi.service.studio.wire import Carried, Example
from yuragi.service.uploads import FORMATS, checked, png
from yuragi.service.wire import Asset

__all__ = ["router"]

router = APIRouter()
EXAMPLES = Path(str(files("yuragi") / "assets" / "examples"))
MODEL = "portraits"
"""The shipped model, which made the examples."""


@router.get("/examples")
def examples() -> list[Example]:
    """The shipped pictures."""
    return [
        Example(name=each.stem, prompt=each.with_suffix(".txt").read_text("utf-8"), model=MODEL)
        for each in sorted(EXAMPLES.glob("*.png"))
    ]


@router.post("/examples/{name}", status_code=201)
def opened(service: Service, name: str) -> Asset:
    """Store a shipped picture as an asset."""
    if name not in {each.stem for each in EXAMPLES.glob("*.png")}:
        raise NotFound(f"there is no example {name}")
    data = (EXAMPLES / f"{name}.png").read_bytes()
    return service.assets.put(checked(data, "image", service.settings.max_pixels))


@router.post("/carried", openapi_extra=BODY)
async def carried(service: Service, http: HTTPRequest) -> Carried:
    """The data that a file carries: its request, its picture and its mask."""
    return await run_in_threadpool(_carried, service, await http.body())


def _carried(service: Held, data: bytes) -> Carried:
    from yuragi.tasks.record import read_record

    file = checked(data, "image", service.settings.max_pixels)
    with Image.open(io.BytesIO(data), formats=tuple(FORMATS)) as picture:
        picture.load()
        record = read_record(picture, "the picture")
    found = {
        name: service.assets.put(png(record.sources[ref.digest]))
        for name in ("image", "mask")
        if (ref := getattr(record.request, name, None)) is not None and ref.digest in record.sources
    }
    return Carried(
        request=record.request.model_dump(mode="json", exclude={"image", "mask"}),
        result=service.assets.put(file),
        index=record.index,
        **found,
    )


@router.get("/taken/{asset}", response_class=Response)
def taken(service: Service, asset: str, suffix: Literal["png", "jpg", "webp"]) -> Response:
    """A picture as an upright file of another format, with its request inside if it has one."""
    from yuragi.images.files import read_carried, write_picture
    from yuragi.images.read import open_picture, read_picture

    most = service.settings.max_pixels
    picture = open_picture(service.assets.read(asset), "asset", most)
    try:
        inside = read_carried(picture, most)
    except (ValueError, OSError, SyntaxError) as error:
        raise InputError("asset", asset, "a picture that is not damaged") from error
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"yuragi.{suffix}"
        write_picture(path, read_picture(picture, "asset", most), inside)
        data = path.read_bytes()
    kind = FORMATS["JPEG" if suffix == "jpg" else suffix.upper()]
    named = {"content-disposition": f'attachment; filename="yuragi-{asset[:8]}.{suffix}"'}
    return Response(data, media_type=kind, headers=named)
