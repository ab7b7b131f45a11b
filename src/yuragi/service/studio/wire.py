"""The requests of the studio, and the answers to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from yuragi.service.wire import Asset, Said
from yuragi.tasks.geometry import Pair, Region

__all__ = [
    "Asked",
    "Carried",
    "Clouds",
    "Example",
    "Familiarity",
    "Layers",
    "ModelFacts",
    "Motion",
    "Settled",
    "Texts",
    "Words",
    "WordsAsked",
]


class Asked(BaseModel):
    """The base class of requests."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Motion(Asked):
    """The motion of a drag, to find out what it moves.

    Attributes:
        image: the asset of the picture.
        mask: the asset of the mask, white where the picture can change.
        points: sources and targets in pixels.
        regions: polygons and their targets in pixels.
        motion: as in a drag.
    """

    image: str
    mask: str | None = None
    points: tuple[Pair, ...] = ()
    regions: tuple[Region, ...] = ()
    motion: Literal["auto", "cut", "bend"] = "auto"


class Layers(Said):
    """How the picture follows, and the layers that a page needs to show this at once.

    Attributes:
        motion: ``cut`` or ``bend``.
        box: left, top, right and bottom of the layers in pixels, for ``cut``.
        area: what moves, as a data URL of a grey PNG: white moves, and its edge is soft.
        behind: what is behind it, as a data URL of a PNG.
        note: why nothing can be shown; empty otherwise.
    """

    motion: Literal["cut", "bend"]
    box: tuple[int, int, int, int] | None = None
    area: str = ""
    behind: str = ""
    note: str = ""


class WordsAsked(Asked):
    """A text to check against the words of a model."""

    model: str
    text: Annotated[str, Field(max_length=4000)]


class Words(Said):
    """The words of a text that a model does not know.

    Attributes:
        unknown: the words, each with at most three known words that look similar.
    """

    unknown: Mapping[str, Sequence[str]]


class Familiarity(Said):
    """How well a model knows a picture.

    Attributes:
        familiarity: 1 or more means known; None if the model cannot measure it.
        foreign: whether the picture is foreign to the model.
    """

    familiarity: float | None
    foreign: bool


class ModelFacts(Said):
    """Facts about a model that are known without loading it.

    Attributes:
        knows: the pictures that it knows, in a few words; empty if unknown.
        words: the words and phrases that it knows, by kind; empty for an open vocabulary.
    """

    knows: str
    words: Mapping[str, Sequence[str]]


class Settled(Said):
    """All options of a request, with the defaults of the model and of the preset."""

    values: Mapping[str, Any]


class Example(Said):
    """A shipped picture.

    Attributes:
        name: its name.
        prompt: a description of it in words that the shipped model knows.
        model: the model that knows it.
    """

    name: str
    prompt: str
    model: str


class Carried(Said):
    """The data that a saved picture carries.

    Attributes:
        request: its complete request.
        image: the asset of the picture that it edits, if the file carries it.
        mask: the asset of its mask, if it has one.
        result: the asset of the file itself.
        index: which picture of the result it is.
    """

    request: Mapping[str, Any]
    image: Asset | None = None
    mask: Asset | None = None
    result: Asset
    index: int


class Texts(Said):
    """A request as texts, to repeat it elsewhere.

    Attributes:
        command: as a command line.
        python: as a program.
        submission: as the JSON of a submission to the service.
    """

    command: str
    python: str
    submission: str


class Clouds(Said):
    """Samples in the plane, and how far their distribution is from the right one.

    Attributes:
        name: what made them.
        points: the samples (x, y).
        kl: the KL divergence from the right distribution in nats, estimated from the samples.
    """

    name: str
    points: Sequence[tuple[float, float]]
    kl: float
