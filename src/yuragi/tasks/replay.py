"""Run the request inside a saved result again, and compare.

A result can come from a stranger, so models are loaded from this machine only, and the hub is never
contacted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from yuragi.core import NOISE_VERSION
from yuragi.images.read import black_and_white, digest, open_picture, read_picture
from yuragi.images.resize import expanded, scaled
from yuragi.images.tensors import largest_difference
from yuragi.models.model import DiffusionModel
from yuragi.models.names import load_model, model_folder, split_version
from yuragi.models.opening import Opening
from yuragi.tasks.result import Record, Result, read_record
from yuragi.tasks.run import Progress, run

__all__ = ["Replay", "model_of", "read_result", "replay"]

COMMIT = re.compile(r"[0-9a-f]{40}")
"""Pattern of a commit on the hub, which never changes."""


@dataclass(frozen=True)
class Replay:
    """The result of a replay.

    Attributes:
        result: the new result, with all pictures of the request.
        index: the index of the saved picture.
        difference: the largest difference to the saved picture in levels of 255; 0 is bit for bit.
        reason: the reason for a difference in one sentence; empty if there is none or it is
            unknown.
    """

    result: Result
    index: int
    difference: int
    reason: str = ""


def read_result(path: Path) -> tuple[Record, Image.Image]:
    """Read the record and the picture of a saved result.

    Raises:
        InputError: the file is not a picture, or contains no request.
    """
    kept = open_picture(path, "image")
    return read_record(kept, str(path)), kept.convert("RGB")


def model_of(record: Record, opening: Opening, name: str | None = None) -> DiffusionModel:
    """Load the model of a record from this machine; for a model on the hub, the same revision.

    Args:
        record: the record from `read_result`.
        opening: the options of loading, which also apply to a weaker model (see
            `yuragi.models.names.load_weak`). The hub is never contacted.
        name: the current name or path of the model; by default that of the record.

    Raises:
        InputError: the model is not on this machine (for a model on the hub, the error names the
            command that downloads it), or any error of `yuragi.models.names.load_model`.
    """
    return load_model(name or _name(record), opening.with_more({"offline": True}))


def _name(record: Record) -> str:
    """The name without the version, which the caller compares; on the hub with the commit."""
    name, _ = split_version(record.request.model)
    card = record.origin.card
    commit = "" if card is None else card.revision
    if model_folder(name) is None and "@" not in name and COMMIT.fullmatch(commit):
        return f"{name}@{commit}"
    return name


def replay(
    record: Record,
    kept: Image.Image,
    model: DiffusionModel,
    files: list[Path],
    on_progress: Progress = lambda done, total: None,
    weak: DiffusionModel | None = None,
) -> Replay:
    """Run the request of a record and compare the result with the saved picture.

    Args:
        record: the record from `read_result`.
        kept: the saved picture from `read_result`.
        model: the loaded model of the request.
        files: input pictures that the result does not contain.
        on_progress: a function called with (steps done, total steps).
        weak: the loaded weaker model of the request, if any.

    Raises:
        InputError: an input picture is neither in the result nor among the files.
    """
    sources = {**record.sources, **_read(files, record)}
    result = run(record.request, model, sources, on_progress, weak=weak)
    difference = largest_difference(result.images[record.index], kept)
    return Replay(result, record.index, difference, _reason(record) if difference else "")


def _reason(record: Record) -> str:
    """The reason for a difference between the pictures, if it is known."""
    if record.origin.noise == NOISE_VERSION:
        return ""
    return (
        f"the picture was made with version {record.origin.noise} of Yuragi's noise, and this "
        f"release draws version {NOISE_VERSION}, in which the same seed gives other numbers"
    )


def _read(files: list[Path], record: Record) -> Mapping[str, Image.Image]:
    """The input pictures among the files, which are recognised by their digests."""
    request = record.request
    named = {ref.digest for ref in request.pictures}
    if not named:
        return {}
    left, top, right, bottom = getattr(request, "expand", (0, 0, 0, 0))
    margins = (left, top, right, bottom)
    height, width = request.size
    # A request with `resize` refers to the resized pictures.
    size = ((width or 0) - left - right, (height or 0) - top - bottom)
    found: dict[str, Image.Image] = {}
    for path in files:
        whole, areas = read_picture(path, "source"), black_and_white(path, "source")
        for picture, mask in ((whole, areas), (scaled(whole, size), scaled(areas, size))):
            larger = (*expanded(picture, None, margins), *expanded(picture, mask, margins))
            found |= {digest(made): made for made in (picture, mask, *larger)}
    return {key: picture for key, picture in found.items() if key in named}
