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
from typing import Any

from PIL import Image

from yuragi.device import name_of, pick_device
from yuragi.errors import InputError
from yuragi.images.files import as_stored
from yuragi.images.mark import marked
from yuragi.images.read import (
    MAX_PIXELS,
    Source,
    black_and_white,
    digest,
    open_picture,
    read_picture,
)
from yuragi.images.resize import expanded, scaled
from yuragi.images.tensors import largest_difference
from yuragi.models.hub import HUB
from yuragi.models.model import DiffusionModel
from yuragi.models.names import load_model, load_weak, model_folder, split_version
from yuragi.models.opening import Opening
from yuragi.models.places import place_of
from yuragi.tasks.policy import Asked, Policy
from yuragi.tasks.record import Origin, Record, parse_record, read_record
from yuragi.tasks.recovered import signed_record
from yuragi.tasks.result import Result
from yuragi.tasks.run import OnEstimate, Progress, run

__all__ = ["Replay", "model_of", "read_result", "replay", "replay_from"]

COMMIT = re.compile(r"[0-9a-f]{40}")
"""Pattern of a commit on the hub, which never changes."""


MOST = 255
"""The largest possible difference of two pictures, in levels."""


@dataclass(frozen=True)
class Replay:
    """The result of a replay.

    Attributes:
        result: the new result, with all pictures of the request.
        index: the index of the saved picture.
        difference: the largest difference from the saved picture, out of 255 levels; 0 if they are
            equal bit for bit, 255 also if the sizes differ, None if there was nothing to compare.
        reason: the reason for a difference in one sentence; empty if there is none or it is
            unknown.
        notes: what people should know about the models, one sentence each.
    """

    result: Result
    index: int
    difference: int | None
    reason: str = ""
    notes: Sequence[str] = ()

    @property
    def identical(self) -> bool | None:
        """Whether the pictures are equal bit for bit; None if there was nothing to compare."""
        return None if self.difference is None else self.difference == 0

    @property
    def verdict(self) -> str:
        """The comparison in words."""
        if self.difference is None:
            return "made again; there was nothing to compare with"
        if self.identical:
            return "identical, bit for bit"
        return f"differs by up to {self.difference} of 255 levels"


def replay_from(
    source: Source | Result,
    opening: Opening,
    model: DiffusionModel | str | None = None,
    weak_model: DiffusionModel | str | None = None,
    files: Sequence[Source] = (),
    force: bool = False,
    on_progress: Progress = lambda done, total: None,
    on_estimate: OnEstimate | None = None,
    policy: Policy = Policy(),  # noqa: B008 (frozen)
    consent: bool = False,
) -> Replay:
    """Run a result's request again, with the models that it names, and compare.

    Args:
        source: the result; see `read_result`.
        opening: how models are opened.
        model: the model, or its current name or path; by default the name in the result.
        weak_model: the same for the weaker model of autoguidance.
        files: input pictures that the result does not contain.
        force: run also if the weights are not those that made the picture.
        on_progress: a function called with (steps done, total steps).
        on_estimate: a function called with how long it will take, before it runs.
        policy: the policy, which is checked before a model is loaded.
        consent: whether the people in the picture agree, which a policy can require.

    Raises:
        InputError: the source is not a result, a model or a picture is missing, or the weights
            differ.
        Forbidden: the policy refuses the request.
    """
    record, kept = read_result(source)
    record = changed(record, sources={**record.sources, **_read(files, record)})
    policy.check(Asked(record.request, record.sources, consent))
    notes = list(record.notes)
    loaded = model if isinstance(model, DiffusionModel) else model_of(record, opening, model)
    if record.origin.weights and loaded.weights != record.origin.weights:
        notes.append(f"the weights in {loaded.path} are not those that made this picture")
        if not force:
            advice = f"give version {record.origin.weights[:12]}, or go on all the same (force)"
            raise InputError("model", loaded.weights[:12], "", notes[-1], advice)
    weak = weak_model
    if not isinstance(weak, DiffusionModel):
        weak = load_weak(weak or _weak_name(record), loaded)
    if weak is not None and weak.weights != record.origin.weak_weights:
        notes.append(f"the weights in {weak.path} are not those that guided this picture")
    again = replay(record, kept, loaded, (), on_progress, weak, on_estimate)
    return changed(again, notes=notes)


def read_result(source: Source | Result) -> tuple[Record, Image.Image | None]:
    """The record of a result, and the picture to compare a replay with, if any.

    A file that lost its plain metadata is read by its content credentials, if it has any.

    Args:
        source: a file that Yuragi wrote, in any form; a result; or the JSON that such a file
            contains or ``--json`` prints.

    Raises:
        InputError: the source is not a picture that contains a request, or the text is not a
            record.
    """
    if isinstance(source, Result):
        return source.record, source.image
    if isinstance(source, str) and source.lstrip().startswith("{"):
        try:
            return parse_record(source, {}), None
        except ValueError as error:
            raise InputError("source", source, "a request and its origin, as JSON") from error
    kept = open_picture(source, "image")
    name = str(source) if isinstance(source, str | Path) else "a file"
    try:
        record = read_record(kept, name)
    except InputError:
        if not isinstance(source, str | Path | bytes):
            raise
        data = source if isinstance(source, bytes) else Path(source).read_bytes()
        found = signed_record(data)
        if found is None:
            raise
        record = found
    notes = list(record.notes)
    if record.shows != "result":
        notes.append(f"the file shows a {record.shows}, so that there is nothing to compare with")
        return changed(record, notes=notes), None
    if record.marked:
        notes.append("the picture has the visible mark, and is compared with a marked one")
    return changed(record, notes=notes), kept


def model_of(record: Record, opening: Opening, name: str | None = None) -> DiffusionModel:
    """Load the model of a record from this machine; for a model on the hub, the same revision.

    Unless a precision is asked for, it is that of the record if the picture was made on a device
    like this one, because another precision gives another picture.

    Args:
        record: the record of a file.
        opening: the options of loading, which also apply to a weaker model (see
            `yuragi.models.names.load_weak`). The hub is never contacted.
        name: the current name or path of the model; by default that of the record.

    Raises:
        InputError: the model is not on this machine (for a model on the hub, the error names the
            command that downloads it), or any error of `yuragi.models.names.load_model`.
    """
    more: dict[str, Any] = {"offline": True}
    here = name_of(pick_device(opening.device))
    if opening.dtype is None and record.origin.dtype and record.origin.device == here:
        more["dtype"] = record.origin.dtype
    return load_model(name or _name(record), opening.with_more(more))


def _weak_name(record: Record) -> str | None:
    """The name of the weaker model, or the path from which it was last loaded."""
    name = record.request.weak_model
    return name if name is None else _where(name, record.origin.weak_weights)


def _where(name: str, weights: str) -> str:
    """The path from which weights were last loaded; the name if no path is known."""
    place = None if HUB.fullmatch(name) else place_of(weights)
    return name if place is None else str(place)


def _name(record: Record) -> str:
    """The model name without the version, which the caller compares; on the hub with the commit."""
    name, _ = split_version(record.request.model)
    card = record.origin.card
    commit = "" if card is None else card.revision
    if (
        HUB.fullmatch(name)
        and model_folder(name) is None
        and "@" not in name
        and COMMIT.fullmatch(commit)
    ):
        return f"{name}@{commit}"
    return _where(name, record.origin.weights)


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
        record: the record of a file.
        kept: the picture in the file, if there is one to compare with.
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
    made = result.images[record.index]
    again = as_stored(marked(made) if record.marked else made, kept.format)
    if again.size != kept.size:
        return Replay(result, record.index, MOST, _other_size(again, kept))
    difference = largest_difference(again, kept.convert("RGB"))
    reason = _reason(record, result.record.origin) if difference else ""
    return Replay(result, record.index, difference, reason)


def _other_size(again: Image.Image, kept: Image.Image) -> str:
    (width, height), (before, high) = again.size, kept.size
    return (
        f"the model makes pictures of {width} x {height} pixels, and the saved one has "
        f"{before} x {high}"
    )


def _reason(record: Record, here: Origin) -> str:
    """The reason for a difference between the pictures, if it is known."""
    made = record.origin
    if made.noise != here.noise:
        return (
            f"the picture was made with version {made.noise} of Yuragi's noise, and this release "
            f"draws version {here.noise}, in which the same seed gives other numbers"
        )
    then, now = _setup(made), _setup(here)
    changed = [name for name in then if then[name] and then[name] != now[name]]
    if not changed:
        return ""
    before, after = (", ".join(f"{name} {each[name]}" for name in changed) for each in (then, now))
    return f"the picture was made with {before}, and this run used {after}"


def _setup(origin: Origin) -> Mapping[str, str]:
    """What can change pictures besides the request and the weights."""
    return {
        "device": origin.device,
        "precision": origin.dtype,
        "PyTorch": origin.torch,
        "diffusers": origin.diffusers,
    }


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
    if min(size) < 1 or size[0] * size[1] > MAX_PIXELS:
        raise InputError("source", f"{size[0]}x{size[1]}", f"at most {MAX_PIXELS:,} pixels")
    found: dict[str, Image.Image] = {}
    for file in files:
        opened = open_picture(file, "source")
        whole, areas = read_picture(opened, "source"), black_and_white(opened, "source")
        for picture, mask in ((whole, areas), (scaled(whole, size), scaled(areas, size))):
            larger = (*expanded(picture, None, margins), *expanded(picture, mask, margins))
            found |= {digest(made): made for made in (picture, mask, *larger)}
    return {key: picture for key, picture in found.items() if key in named}
