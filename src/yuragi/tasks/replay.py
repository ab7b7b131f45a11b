"""Run the request inside a saved result again, and compare.

A result can come from a stranger, so models are loaded from this machine only, and the hub is never
contacted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed
from pathlib import Path

from PIL import Image

from yuragi.core import NOISE_VERSION
from yuragi.errors import InputError
from yuragi.images.files import as_stored
from yuragi.images.read import Source, black_and_white, digest, open_picture, read_picture
from yuragi.images.resize import expanded, scaled
from yuragi.images.tensors import largest_difference
from yuragi.models.model import DiffusionModel
from yuragi.models.names import load_model, load_weak, model_folder, split_version
from yuragi.models.opening import Opening
from yuragi.tasks.result import Record, Result, parse_record, read_record
from yuragi.tasks.run import OnEstimate, Progress, run

__all__ = ["Replay", "model_of", "read_result", "replay", "replay_from"]

COMMIT = re.compile(r"[0-9a-f]{40}")
"""Pattern of a commit on the hub, which never changes."""


@dataclass(frozen=True)
class Replay:
    """The result of a replay.

    Attributes:
        result: the new result, with all pictures of the request.
        index: the index of the saved picture.
        difference: largest difference to the saved one, in levels of 255; 0 is bit for bit, and
            None where there was nothing to compare with.
        reason: the reason for a difference in one sentence; empty if there is none or it is
            unknown.
        notes: what people should know about the models, a sentence each.
    """

    result: Result
    index: int
    difference: int | None
    reason: str = ""
    notes: Sequence[str] = ()


def replay_from(
    source: Source | Result,
    opening: Opening,
    model: DiffusionModel | str | None = None,
    weak_model: DiffusionModel | str | None = None,
    files: Sequence[Source] = (),
    force: bool = False,
    on_progress: Progress = lambda done, total: None,
    on_estimate: OnEstimate | None = None,
) -> Replay:
    """Run a result's request again, with the models that it names, and compare.

    Args:
        source: as `read_result`.
        opening: how models are opened.
        model: where it is now, or the model; by default as the result names it.
        weak_model: the same of the weaker model of autoguidance.
        files: pictures that the result does not carry.
        force: also with other weights than those that made the picture.
        on_progress: called with (steps done, steps in all).
        on_estimate: called with how long it will take, before it runs.

    Raises:
        InputError: no result; a model or a picture that is not there; other weights.
    """
    record, kept = read_result(source)
    loaded = model if isinstance(model, DiffusionModel) else model_of(record, opening, model)
    notes = []
    if loaded.weights != record.origin.weights:
        notes.append(f"the weights in {loaded.path} are not those that made this picture")
        if not force:
            allowed = (
                f"version {record.origin.weights[:12]}, or force (--force) to go on: {notes[0]}"
            )
            raise InputError("model", loaded.weights[:12], allowed)
    weak = weak_model
    if not isinstance(weak, DiffusionModel):
        weak = load_weak(weak or record.request.weak_model, loaded)
    if weak is not None and weak.weights != record.origin.weak_weights:
        notes.append(f"the weights in {weak.path} are not those that guided this picture")
    again = replay(record, kept, loaded, files, on_progress, weak, on_estimate)
    return changed(again, notes=notes)


def read_result(source: Source | Result) -> tuple[Record, Image.Image | None]:
    """What a result tells about itself, and its picture; None for a text.

    Args:
        source: a file that we wrote, in any form, or a result; or the JSON that such a file carries
            or ``--json`` prints.

    Raises:
        InputError: no picture, or one that carries no request; another text.
    """
    if isinstance(source, Result):
        return source.record, source.image
    if isinstance(source, str) and source.lstrip().startswith("{"):
        try:
            return parse_record(source, {}), None
        except (ValueError, KeyError, TypeError) as error:
            raise InputError("source", source, "a request and its origin, as JSON") from error
    kept = open_picture(source, "image")
    return read_record(kept, str(source) if isinstance(source, str | Path) else "a file"), kept


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
    kept: Image.Image | None,
    model: DiffusionModel,
    files: Sequence[Source],
    on_progress: Progress = lambda done, total: None,
    weak: DiffusionModel | None = None,
    on_estimate: OnEstimate | None = None,
) -> Replay:
    """Run the request of a record and compare the result with the saved picture.

    Args:
        record: the record from `read_result`.
        kept: the saved picture from `read_result`.
        model: the loaded model of the request.
        files: input pictures that the result does not contain.
        on_progress: a function called with (steps done, total steps).
        weak: the loaded weaker model of the request, if any.
        on_estimate: a function called with how long it will take, before it runs.

    Raises:
        InputError: an input picture is neither in the result nor among the files.
    """
    sources = {**record.sources, **_read(files, record)}
    result = run(record.request, model, sources, on_progress, weak=weak, on_estimate=on_estimate)
    if kept is None:
        return Replay(result, record.index, None)
    again = as_stored(result.images[record.index], kept.format)
    difference = largest_difference(again, kept.convert("RGB"))
    return Replay(result, record.index, difference, _reason(record) if difference else "")


def _reason(record: Record) -> str:
    """The reason for a difference between the pictures, if it is known."""
    if record.origin.noise == NOISE_VERSION:
        return ""
    return (
        f"the picture was made with version {record.origin.noise} of Yuragi's noise, and this "
        f"release draws version {NOISE_VERSION}, in which the same seed gives other numbers"
    )


def _read(files: Sequence[Source], record: Record) -> Mapping[str, Image.Image]:
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
    for file in files:
        opened = open_picture(file, "source")
        whole, areas = read_picture(opened, "source"), black_and_white(opened, "source")
        for picture, mask in ((whole, areas), (scaled(whole, size), scaled(areas, size))):
            larger = (*expanded(picture, None, margins), *expanded(picture, mask, margins))
            found |= {digest(made): made for made in (picture, mask, *larger)}
    return {key: picture for key, picture in found.items() if key in named}
