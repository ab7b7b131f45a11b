"""The record that a file contains about its picture, so that the picture can be made again.

The text ``yuragi`` is JSON: the whole request, the index of the picture in the result, and what ran
it. The text ``parameters`` says the same for people and for other tools, in the common format of
AUTOMATIC1111. `yuragi.images.files` defines where a file stores them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from PIL import Image
from pydantic import TypeAdapter

from yuragi import __version__
from yuragi.core import NOISE_VERSION
from yuragi.errors import InputError
from yuragi.images.files import read_carried
from yuragi.images.read import MAX_PIXELS, digest
from yuragi.models.card import Card
from yuragi.models.names import public_name
from yuragi.tasks.base import Guided, Request
from yuragi.tasks.tasks import parse_request

__all__ = [
    "Origin",
    "Record",
    "Shows",
    "parameters",
    "parse_record",
    "public",
    "read_record",
]

Shows: TypeAlias = Literal["result", "comparison", "animation", "mask", "preview"]
"""What a file shows: a picture of the result, or something made from it."""


@dataclass(frozen=True)
class Origin:
    """The model, the machine and the versions that ran a request.

    Attributes:
        version: the version of Yuragi.
        torch: the version of PyTorch.
        device: ``cpu`` or the name of the accelerator.
        dtype: the precision of the network.
        weights: the fingerprint of the model (see `yuragi.models.fingerprint`); empty if the
            picture was made without a model.
        noise: the version of the noise; see `yuragi.core.NOISE_VERSION`.
        weak_weights: the fingerprint of the weaker model, if there was one.
        card: the record of the loaded model; None in pictures of earlier versions.
        diffusers: the version of diffusers; empty in pictures of earlier versions.
    """

    version: str
    torch: str
    device: str
    dtype: str
    weights: str
    noise: int
    weak_weights: str = ""
    card: Card | None = None
    diffusers: str = ""

    @classmethod
    def no_model(cls) -> Origin:
        """The origin of pictures that were made without a model."""
        return cls(__version__, "", "none", "", "", NOISE_VERSION)


ORIGINS = TypeAdapter(Origin)
"""Checks the types of an origin's values."""


@dataclass(frozen=True)
class Record:
    """The record in a saved picture.

    Attributes:
        request: the complete request.
        origin: what ran it.
        index: the index of this picture in the result.
        sources: its input pictures by digest, as far as they are known.
        shows: what the file shows.
        marked: whether it has the visible mark.
        notes: what people should know about the file, one sentence each.
    """

    request: Request
    origin: Origin
    index: int
    sources: Mapping[str, Image.Image]
    shows: Shows = "result"
    marked: bool = False
    notes: Sequence[str] = ()

    @property
    def text(self) -> str:
        """The record as a file contains it: JSON, without paths of this machine."""
        return json.dumps(
            {
                "request": public(self.request).model_dump(),
                "index": self.index,
                "origin": asdict(self.origin),
                "shows": self.shows,
                "marked": self.marked,
            }
        )


def read_record(picture: Image.Image, name: str) -> Record:
    """Read the record that `Result.save` wrote.

    Args:
        picture: the opened and loaded picture.
        name: the name of the picture in errors.

    Raises:
        InputError: the picture contains no request, or this version cannot read it.
    """
    try:
        carried = read_carried(picture, MAX_PIXELS)
        sources = {key: held for key, held in carried.sources.items() if key == digest(held)}
        record = parse_record(carried.texts["yuragi"], sources)
    except Exception as error:  # a damaged file can raise anything in Pillow
        allowed = (
            "a picture that yuragi wrote, with its request inside, which this version can read"
        )
        raise InputError("image", name, allowed) from error
    return record


def parse_record(text: str, sources: Mapping[str, Image.Image]) -> Record:
    """Parse a record from the text in a file, or from what ``--json`` prints.

    Raises:
        ValueError: the text is not a record.
    """
    try:
        return _parsed(json.loads(text), sources)
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"this is not a record: {error!r}") from error


def _parsed(told: Mapping[str, Any], sources: Mapping[str, Image.Image]) -> Record:
    request = parse_request(json.dumps(told["request"]))
    request.model_fields_set.clear()  # the record does not say which options the caller set
    index, shows = int(told.get("index", 0)), told.get("shows", "result")
    if not 0 <= index < getattr(request, "num_images", 1):
        raise ValueError(f"the request makes no picture number {index}")
    if shows not in get_args(Shows):
        raise ValueError(f"a file cannot show {shows!r}")
    marked = bool(told.get("marked", False))
    return Record(request, _origin(told["origin"]), index, sources, shows, marked)


def _origin(told: Mapping[str, Any]) -> Origin:
    # Pictures of earlier versions do not contain the version of the noise, which was 1.
    named = vars(Origin(**{"noise": 1, **told}))  # refuses unknown names
    made = ORIGINS.validate_python(named)
    card = made.card
    return replace(made, card=card and replace(card, images=tuple(card.images)))


def public(request: Request) -> Request:
    """The request for files that others read, with models by name and not by path."""
    named: dict[str, object] = {"model": public_name(request.model)}
    weaker = request.weak_model
    if isinstance(request, Guided) and weaker is not None:
        rule = request.guidance.rule
        names = {key: public_name(weaker) for key, value in rule if value == weaker}
        held = request.guidance.model_copy(update={"rule": rule.model_copy(update=names)})
        named["guidance"] = held
    return request.model_copy(update=named)


def parameters(request: Request, size: tuple[int, int]) -> str:
    """The request in AUTOMATIC1111's format: prompt, negative prompt, a line of settings."""
    told = dict(request.settings)
    first: dict[str, object] = {
        key: told.pop(key) for key in ("Steps", "Sampler", "CFG scale", "Seed") if key in told
    }
    settings = {
        **first,
        "Size": f"{size[0]}x{size[1]}",
        "Model": Path(request.model).name,
        **told,
    }
    negative = [f"Negative prompt: {request.negative_prompt}"] if request.negative_prompt else []
    line = ", ".join(f"{key}: {value}" for key, value in settings.items())
    return "\n".join([request.prompt, *negative, line])
