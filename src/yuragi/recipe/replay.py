"""Run the request inside a saved result again, and compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from yuragi.adapters import DiffusionModel
from yuragi.recipe.pictures import (
    black_and_white,
    digest,
    expanded,
    largest_difference,
    open_picture,
    read_picture,
    scaled,
)
from yuragi.recipe.request import InpaintRequest, SampleRequest
from yuragi.recipe.result import Record, Result, read_record
from yuragi.recipe.run import Progress, run

__all__ = ["Replay", "read_result", "replay"]


@dataclass(frozen=True)
class Replay:
    """A result made again.

    Attributes:
        result: all pictures of the request.
        index: which of them was saved.
        difference: largest difference to the saved one, in levels of 255; 0 is bit for bit.
    """

    result: Result
    index: int
    difference: int


def read_result(path: Path) -> tuple[Record, Image.Image]:
    """What a saved result tells about itself, and its picture.

    Raises:
        InputError: no picture, or one that carries no request.
    """
    kept = open_picture(path, "image")
    return read_record(kept, str(path)), kept.convert("RGB")


def replay(
    record: Record,
    kept: Image.Image,
    model: DiffusionModel,
    files: list[Path],
    on_progress: Progress = lambda done, total: None,
    weak: DiffusionModel | None = None,
) -> Replay:
    """Run a record's request and compare with the picture that was kept.

    Args:
        record: from `read_result`.
        kept: likewise.
        model: the model that the request names, loaded.
        files: pictures that the result does not carry.
        on_progress: called with (steps done, steps in all).
        weak: the weaker model that the request names, loaded, if it names one.

    Raises:
        InputError: a picture that the request names is neither carried nor among the files.
    """
    sources = {**record.sources, **_read(files, record)}
    result = run(record.request, model, sources, on_progress, weak=weak)
    return Replay(result, record.index, largest_difference(result.images[record.index], kept))


def _read(files: list[Path], record: Record) -> Mapping[str, Image.Image]:
    """Those of the files that the request names; its digests tell pictures and masks apart."""
    request = record.request
    if isinstance(request, SampleRequest):
        return {}
    margins = request.expand if isinstance(request, InpaintRequest) else (0, 0, 0, 0)
    left, top, right, bottom = margins
    # A request that was given `resize` names its pictures as they were after that.
    size = (request.image.width - left - right, request.image.height - top - bottom)
    found: dict[str, Image.Image] = {}
    for path in files:
        whole, areas = read_picture(path, "source"), black_and_white(path, "source")
        for picture, mask in ((whole, areas), (scaled(whole, size), scaled(areas, size))):
            larger = (*expanded(picture, None, margins), *expanded(picture, mask, margins))
            found |= {digest(made): made for made in (picture, mask, *larger)}
    named = {ref.digest for ref in (request.image, request.mask) if ref is not None}
    return {key: picture for key, picture in found.items() if key in named}
