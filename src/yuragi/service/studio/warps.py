"""Previews of a drag before it runs.

When the user takes hold of a point, the page requests once what the drag moves (`layers`). While
the pointer moves, the page warps by itself. When the pointer rests, it shows the warp of the drag
itself (`preview`).
"""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Body, Response

from yuragi.errors import InputError
from yuragi.service.held import Held, Service
from yuragi.service.requests import any_json
from yuragi.service.studio.wire import Layers, Motion
from yuragi.tasks.build import Reading, build
from yuragi.tasks.drag import DragRequest
from yuragi.tasks.geometry import check_sources
from yuragi.tasks.inputs import Pictures

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["router"]

router = APIRouter()
KEPT = ("points", "regions", "motion", "radius", "rigid")
"""The options of a drag that decide its warp."""


@router.post("/layers")
def layers(service: Service, asked: Motion) -> Layers:
    """What a drag moves: the thing and what is behind it, or the whole picture."""
    from yuragi.tasks.warping import cut_out

    pictures = _pictures(service, asked.image, asked.mask)
    check_sources(asked.points, asked.regions, *pictures.picture.size)
    gripped: dict[str, Any] = asked.model_dump(include={"points", "regions", "motion"})
    request = DragRequest(image=pictures.reference, **gripped)
    try:
        area = cut_out(request, pictures.picture, pictures.mask)
    except InputError as error:
        return Layers(motion="bend", note=error.reason)
    if area is None or not area.any():
        return Layers(motion="bend")
    return _cut(pictures.picture, area)


@router.post("/preview", response_class=Response, responses={200: {"content": {"image/png": {}}}})
def preview(service: Service, options: Mapping[str, Any] = Body()) -> Response:
    """The warp with which a drag with these options begins."""
    from yuragi.tasks.warping import preview as warped

    given = {name: options[name] for name in KEPT if options.get(name) is not None}
    for name in ("image", "mask"):
        if options.get(name) is not None:
            given[name] = service.assets.read(str(options[name]))
    with any_json():
        reading = Reading(max_pixels=service.settings.max_pixels)
        request, sources = build(DragRequest, given, reading)
    mask = None if request.mask is None else sources[request.mask.digest]
    made = warped(request, sources[request.image.digest], mask)
    return Response(_png(made), media_type="image/png")


def _pictures(service: Held, image: str, mask: str | None) -> Pictures:
    from yuragi.tasks.inputs import read_pictures

    held = None if mask is None else service.assets.read(mask)
    return read_pictures(service.assets.read(image), held, service.settings.max_pixels, None)


def _cut(picture: Image.Image, area: Any) -> Layers:
    import numpy as np
    import torch
    from PIL import Image

    from yuragi.drag.warp import softened
    from yuragi.images.fill import filled
    from yuragi.images.tensors import from_tensor, to_tensor

    soft = softened(torch.tensor(area)[None, None].float())
    behind = from_tensor(filled(to_tensor(picture), soft > 0))[0]
    rows, columns = (np.flatnonzero((soft[0, 0] > 0).any(dim).numpy()) for dim in (1, 0))
    box = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    grey = Image.fromarray((soft[0, 0].numpy() * 255).round().astype(np.uint8))
    return Layers(motion="cut", box=box, area=_url(grey.crop(box)), behind=_url(behind.crop(box)))


def _png(picture: Image.Image) -> bytes:
    held = io.BytesIO()
    picture.save(held, "PNG", compress_level=1)
    return held.getvalue()


def _url(picture: Image.Image) -> str:
    return "data:image/png;base64," + base64.b64encode(_png(picture)).decode()
