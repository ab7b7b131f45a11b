"""What a run gives back, and how it is kept in a file.

Text ``yuragi`` is JSON: the whole request, which picture of the result this is, and what ran it.
Text ``parameters`` says the same for people and for other tools, in the form that AUTOMATIC1111
made common. `yuragi.images.files` says where a file holds them.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from PIL import Image

from yuragi.drag.intent import Intent
from yuragi.errors import InputError
from yuragi.guidance import Cost, Stress, plain
from yuragi.images.files import numbered, read_carried, write_picture
from yuragi.images.png import Carried
from yuragi.images.read import MAX_PIXELS, digest
from yuragi.images.show import before_after
from yuragi.models.card import Card
from yuragi.tasks.base import OnPicture, Request
from yuragi.tasks.tasks import parse_request

__all__ = [
    "Crop",
    "Gauge",
    "Origin",
    "Reconstruction",
    "Record",
    "Result",
    "TaskOutput",
    "parameters",
    "parse_record",
    "read_record",
]


@dataclass(frozen=True)
class Gauge:
    """The cost of guidance, and measurements of over-guidance.

    Attributes:
        cost: the cost of a guided step: network evaluations per picture, passes, reverse products.
        stress: the over-guidance of each picture in nats, if measured; see
            `yuragi.guidance.stress`.
        rho: the mean ratio of slopes of each picture, if measured.
        bounded: the share of log sigma where the factor was limited to 1, for each picture, if
            measured.
    """

    cost: Cost = plain.cost
    stress: Sequence[float] = ()
    rho: Sequence[float] = ()
    bounded: Sequence[float] = ()

    def and_then(self, measured: Stress, row: int) -> Gauge:
        """A copy with the measurements of one row of a batch."""
        if measured.total is None or measured.rho is None or measured.bounded is None:
            return self
        stress, rho, bounded = (
            float(each[row]) for each in (measured.total, measured.rho, measured.bounded)
        )
        return Gauge(self.cost, [*self.stress, stress], [*self.rho, rho], [*self.bounded, bounded])


@dataclass(frozen=True)
class Origin:
    """The model, the machine and the versions that ran a request.

    Attributes:
        version: the version of Yuragi.
        torch: the version of PyTorch.
        device: ``cpu`` or the name of the accelerator.
        dtype: the precision of the network.
        weights: the fingerprint of the model; see `yuragi.models.fingerprint`.
        noise: the version of the noise; see `yuragi.core.NOISE_VERSION`.
        weak_weights: the fingerprint of the weaker model, if there was one.
        card: the record of the loaded model; None in pictures of earlier versions.
    """

    version: str
    torch: str
    device: str
    dtype: str
    weights: str
    noise: int
    weak_weights: str = ""
    card: Card | None = None


@dataclass(frozen=True)
class Crop:
    """The part of a picture that a network worked on.

    Attributes:
        box: left, top, right and bottom in pixels of the picture.
        size: width and height at which it was edited.
        margin: pixels of context around what may change, but for the picture's borders.
    """

    box: tuple[int, int, int, int]
    size: tuple[int, int]
    margin: int

    @property
    def scale(self) -> float:
        """By how much the part was enlarged for the edit; below 1, it was reduced."""
        left, top, right, bottom = self.box
        return max(self.size) / max(right - left, bottom - top)


@dataclass(frozen=True)
class Reconstruction:
    """The quality of a reconstruction after the way up in noise and down again.

    Attributes:
        psnr: the PSNR in dB of the result against the encoded and decoded picture.
        codec_psnr: the PSNR in dB of the encoded and decoded picture against the picture.
        curve: the distance (root mean square, latent units) of the state from the path after every
            step of the way down; the last is at the clean end.
    """

    psnr: float
    codec_psnr: float
    curve: Sequence[float]

    def remarks(self) -> list[str]:
        """Messages about the reconstruction, one per line."""
        shown = self.curve[:: max(1, len(self.curve) // 10)]
        return [
            f"reconstruction {self.psnr:.2f} dB (the codec alone: {self.codec_psnr:.2f} dB)",
            "distance from the path: " + " ".join(f"{value:.4f}" for value in shown),
        ]


@dataclass(frozen=True, kw_only=True)
class TaskOutput:
    """The output of a task for one request.

    Attributes:
        images: RGB pictures.
        frames: for a drag, the picture before and after every part of the way.
        guidance: what guidance cost and how hard it pushed.
        mask: where an edit could change the picture, as it was used; white may change.
        reconstruction: for an inversion, how well the picture survived.
        intent: for a drag with several candidates, how far each carries out what was asked.
        familiarity: how well the model knows the picture, 1 or more for known; None if the network
            was not needed or has no calibration. See `yuragi.models.familiarity`.
        warnings: what was given and had no effect, or is more than the model can do, a sentence
            each.
        crop: the part of the picture that the network worked on; None for the whole picture.
    """

    images: Sequence[Image.Image] = ()
    frames: Sequence[Image.Image] = ()
    guidance: Gauge = Gauge()
    mask: Image.Image | None = None
    reconstruction: Reconstruction | None = None
    intent: Sequence[Intent] = ()
    familiarity: float | None = None
    warnings: Sequence[str] = ()
    crop: Crop | None = None

    @classmethod
    def begun(cls, cost: Cost) -> TaskOutput:
        """An empty output, with guidance of this cost."""
        return cls(guidance=Gauge(cost))

    def with_image(
        self, image: Image.Image, stress: Stress | None = None, row: int | None = None
    ) -> Self:
        """Add a picture, and the measurements of its row in a batch, if any."""
        gauge = self.guidance
        if stress is not None and row is not None:
            gauge = gauge.and_then(stress, row)
        return replace(self, images=[*self.images, image], guidance=gauge)

    def with_frame(self, frame: Image.Image) -> Self:
        """Add a frame."""
        return replace(self, frames=[*self.frames, frame])


@dataclass(frozen=True, kw_only=True, repr=False)
class Result(TaskOutput):
    """The result of a request.

    Attributes:
        request: the complete request. On the same machine it gives the same pictures again.
        evaluations: the number of network evaluations, counted in samples (a batch of four counts
            four).
        origin: the model, the machine and the versions that ran the request.
        sources: the input pictures by digest.
    """

    request: Request
    evaluations: int
    origin: Origin
    sources: Mapping[str, Image.Image] = field(default_factory=dict)

    @property
    def record(self) -> Record:
        """What a file of the first picture would tell."""
        return Record(self.request, self.origin, 0, self.sources)

    @property
    def ranking(self) -> list[int]:
        """The indices of the candidates of a drag by `Intent.score`, best first; else empty."""
        order = range(len(self.intent))
        return sorted(order, key=lambda k: self.intent[k].score, reverse=True)

    @property
    def image(self) -> Image.Image:
        """The first picture."""
        return self.images[0]

    def compare(self, index: int = 0) -> Image.Image:
        """The picture before and a result side by side; for a drag with its points drawn in.

        Raises:
            InputError: a task that does not begin with a picture.
        """
        if not isinstance(self.request, OnPicture):
            raise InputError("request", self.request.kind, "a task that changes a picture")
        before = self.sources[self.request.image.digest]
        return before_after(before, self.images[index], self.request.moves)

    def report(self) -> dict[str, Any]:
        """The request and the cost of the run, as plain values."""
        return {
            "request": self.request.model_dump(mode="json"),
            "evaluations": self.evaluations,
            "origin": asdict(self.origin),
            "ranking": self.ranking,
            "intent": [{"score": each.score, **asdict(each)} for each in self.intent],
            "familiarity": self.familiarity,
            "warnings": list(self.warnings),
            "crop": None if self.crop is None else {"box": self.crop.box, "scale": self.crop.scale},
        }

    def remarks(self, names: Sequence[str]) -> list[str]:
        """Messages about the run, one per line.

        Args:
            names: the names of the pictures in the messages.
        """
        said = []
        for index in self.ranking:
            shown = ", ".join(f"{k} {v:.2f}" for k, v in asdict(self.intent[index]).items())
            said.append(f"{names[index]}: intent {self.intent[index].score:.3f} ({shown})")
        for name, nats, rho in zip(names, self.guidance.stress, self.guidance.rho, strict=False):
            said.append(f"{name}: guidance stress {nats:.3g} nats, rho {rho:.2f}")
        if self.crop is not None:
            left, top, right, bottom = self.crop.box
            box = f"{left},{top} to {right},{bottom}"
            said.append(f"edited the crop {box}, scaled by {self.crop.scale:.3g}")
        if self.reconstruction is not None:
            said += self.reconstruction.remarks()
        cost = self.guidance.cost
        more = ""
        if cost != plain.cost:
            more = (
                f" ({cost.evaluations:g} per guided step, {cost.passes:g} passes, "
                f"{cost.reverse:g} reverse)"
            )
        return [*said, f"seed {self.request.seed}, {self.evaluations} network evaluations{more}"]

    def save(
        self,
        path: str | Path,
        index: int | None = None,
        embed_sources: bool = True,
        overwrite: bool = False,
    ) -> list[Path]:
        """Write pictures that carry their request, so that they can be replayed.

        Args:
            path: a file ending in .png, .jpg, .jpeg or .webp, beside which several pictures are
                numbered; or a folder, in which they are named after the task. Folders are made.
            index: one picture only, under this very name; None for all.
            embed_sources: whether to store the input pictures; otherwise a replay needs them as
                files.
            overwrite: replace files that exist.

        Returns:
            the files.

        Raises:
            InputError: another suffix, a file that exists, or no such picture; nothing is written.
            OSError: the folder cannot be written.
        """
        count = len(self.images)
        if index is not None and not -count <= index < count:
            raise InputError("index", index, f"0 to {count - 1}, or None for all pictures")
        one = index is not None and bool(Path(path).suffix)
        named = numbered("path", Path(path), self.request.kind, 1 if one else count)
        chosen = range(count) if index is None else [index % count]
        files = {k: named[0] if one else named[k] for k in chosen}
        for file in files.values():
            if file.exists() and not overwrite:
                raise InputError("path", str(file), "a new file, or overwrite=True")
        for k, file in files.items():
            write_picture(file, self.images[k], self._carried(k, embed_sources))
        return list(files.values())

    def _carried(self, index: int, embed_sources: bool) -> Carried:
        """What the file of a picture carries."""
        record = {
            "request": self.request.model_dump(),
            "index": index,
            "origin": asdict(self.origin),
        }
        texts = {
            "parameters": parameters(self.request, self.image.size),
            "yuragi": json.dumps(record),
        }
        return Carried(texts, self.sources if embed_sources else {})

    def _repr_png_(self) -> bytes:
        """The first picture, as notebooks show it."""
        held = io.BytesIO()
        self.image.save(held, "PNG")
        return held.getvalue()

    def __repr__(self) -> str:
        count = f"{len(self.images)} picture{'s' * (len(self.images) != 1)}"
        return f"<Result {self.request.kind}: {count}, seed {self.request.seed}>"


@dataclass(frozen=True)
class Record:
    """The record in a saved picture; see `Result`."""

    request: Request
    origin: Origin
    index: int
    sources: Mapping[str, Image.Image]


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
    except (ValueError, KeyError, TypeError, OSError, SyntaxError) as error:
        allowed = (
            "a picture that yuragi wrote, with its request inside, which this version can read"
        )
        raise InputError("image", name, allowed) from error
    return record


def parse_record(text: str, sources: Mapping[str, Image.Image]) -> Record:
    """The record that a text is: what a file carries, or what ``--json`` prints.

    Raises:
        ValueError, KeyError, TypeError: it is something else.
    """
    told = json.loads(text)
    request = parse_request(json.dumps(told["request"]))
    request.model_fields_set.clear()  # which of them the caller gave is not recorded
    return Record(request, _origin(told["origin"]), int(told.get("index", 0)), sources)


def _card(told: Mapping[str, Any]) -> Card:
    return Card(**{**told, "images": tuple(told["images"])})


def _origin(told: Mapping[str, Any]) -> Origin:
    card = told.get("card")
    # Pictures of earlier versions do not contain the version of the noise, which was 1.
    return Origin(**{"noise": 1, **told, "card": None if card is None else _card(card)})


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
