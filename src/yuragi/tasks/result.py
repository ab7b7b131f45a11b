"""Results, and how they are stored in a PNG.

The text chunk ``yuragi`` is JSON with the whole request, the index of the picture in the result,
and the model and versions that were used. The text chunk ``parameters`` has the settings in the
format of AUTOMATIC1111, for people and other tools.
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
from yuragi.images.png import Carried, read_carried, write_png
from yuragi.images.read import MAX_PIXELS, digest
from yuragi.models.card import Card
from yuragi.tasks.base import Request
from yuragi.tasks.tasks import parse_request

__all__ = [
    "Gauge",
    "Origin",
    "Reconstruction",
    "Record",
    "Result",
    "TaskOutput",
    "parameters",
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
        images: the RGB pictures.
        frames: the picture before a drag and after each of its parts; empty for other tasks.
        guidance: the cost of guidance, and measurements of over-guidance.
        mask: the mask that an edit used, white where the picture can change.
        reconstruction: the quality of the reconstruction of an inversion.
        intent: the score of each candidate of a drag with several candidates.
    """

    images: Sequence[Image.Image] = ()
    frames: Sequence[Image.Image] = ()
    guidance: Gauge = Gauge()
    mask: Image.Image | None = None
    reconstruction: Reconstruction | None = None
    intent: Sequence[Intent] = ()

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
    def ranking(self) -> list[int]:
        """The indices of the candidates of a drag by `Intent.score`, best first; else empty."""
        order = range(len(self.intent))
        return sorted(order, key=lambda k: self.intent[k].score, reverse=True)

    @property
    def image(self) -> Image.Image:
        """The first picture."""
        return self.images[0]

    def report(self) -> dict[str, Any]:
        """The request and the cost of the run, as plain values."""
        return {
            "request": self.request.model_dump(mode="json"),
            "evaluations": self.evaluations,
            "origin": asdict(self.origin),
            "ranking": self.ranking,
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
        index: int = 0,
        embed_sources: bool = True,
        overwrite: bool = False,
    ) -> None:
        """Write a picture that contains its request, so that it can be replayed.

        Args:
            path: the PNG file; its folder is created if it is missing.
            index: the index of the picture.
            embed_sources: whether to store the input pictures; otherwise a replay needs them as
                files.
            overwrite: whether to replace an existing file.

        Raises:
            InputError: the file exists, or its suffix is not .png.
            OSError: the folder cannot be written.
        """
        file = Path(path)
        if file.suffix.lower() != ".png":
            raise InputError("path", str(file), "a file name ending in .png")
        if file.exists() and not overwrite:
            raise InputError("path", str(file), "a new file, or overwrite=True")
        file.parent.mkdir(parents=True, exist_ok=True)
        record = {
            "request": self.request.model_dump(),
            "index": index,
            "origin": asdict(self.origin),
        }
        texts = {
            "parameters": parameters(self.request, self.image.size),
            "yuragi": json.dumps(record),
        }
        sources = self.sources if embed_sources else {}
        write_png(file, self.images[index], Carried(texts, sources))

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
    allowed = "a PNG written by yuragi, with its request inside"
    if "yuragi" not in getattr(picture, "text", {}):
        raise InputError("image", name, allowed)
    try:
        carried = read_carried(picture, MAX_PIXELS)
        sources = {key: held for key, held in carried.sources.items() if key == digest(held)}
        record = json.loads(carried.texts["yuragi"])
        request = parse_request(json.dumps(record["request"]))
        origin, index = _origin(record["origin"]), int(record["index"])
    except (ValueError, KeyError, TypeError, OSError, SyntaxError) as error:
        raise InputError("image", name, f"{allowed} that this version can read") from error
    return Record(request, origin, index, sources)


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
