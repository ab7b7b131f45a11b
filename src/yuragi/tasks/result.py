"""The results of runs."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from PIL import Image

from yuragi.drag.intent import Intent
from yuragi.errors import InputError
from yuragi.guidance import Cost, Stress, plain
from yuragi.images.files import numbered
from yuragi.images.show import before_after
from yuragi.provenance.signing import Signing
from yuragi.tasks.base import OnPicture, Request
from yuragi.tasks.record import Origin, Record
from yuragi.tasks.writing import Style

__all__ = [
    "Crop",
    "Gauge",
    "Reconstruction",
    "Result",
    "TaskOutput",
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
class Crop:
    """The part of a picture that a network worked on.

    Attributes:
        box: left, top, right and bottom in pixels of the picture.
        size: width and height at which it was edited.
        margin: pixels of context around the area that can change, fewer at the picture's borders.
    """

    box: tuple[int, int, int, int]
    size: tuple[int, int]
    margin: int

    @property
    def scale(self) -> float:
        """The factor by which the part was enlarged for the edit; below 1, it was reduced."""
        left, top, right, bottom = self.box
        return max(self.size) / max(right - left, bottom - top)


@dataclass(frozen=True)
class Reconstruction:
    """The quality of a reconstruction after adding noise and removing it again.

    Attributes:
        psnr: the PSNR in dB of the result against the encoded and decoded picture.
        codec_psnr: the PSNR in dB of the encoded and decoded picture against the picture.
        curve: the distance (root mean square, latent units) of the state from the path after every
            step of the way down; the last is at the clean end.
    """

    psnr: float
    codec_psnr: float
    curve: Sequence[float]

    @property
    def plain(self) -> dict[str, Any]:
        """Plain values; the PSNR of equal pictures, which is infinite, is None."""
        shown = {"psnr": self.psnr, "codec_psnr": self.codec_psnr}
        finite = {name: db if math.isfinite(db) else None for name, db in shown.items()}
        return finite | {"curve": list(self.curve)}

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
        guidance: the cost of guidance, and measurements of over-guidance.
        mask: the mask that an edit used, white where the picture could change.
        reconstruction: for an inversion, the quality of the reconstruction.
        intent: for a drag with several candidates, how well each carries out the requested motion.
        familiarity: how well the model knows the picture, 1 or more if it does; None if the network
            was not needed or has no calibration. See `yuragi.models.familiarity`. For inpainting,
            which discards the content of the hole, that of the first result.
        warnings: one sentence for each value that had no effect or is more than the model can do.
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
        """The record that a file of the first picture would contain."""
        return Record(self.request, self.origin, 0, self.sources)

    @property
    def ranking(self) -> list[int]:
        """The indices of a drag's candidates by `Intent.score`, best first; can be empty."""
        order = range(len(self.intent))
        return sorted(order, key=lambda k: self.intent[k].score, reverse=True)

    @property
    def image(self) -> Image.Image:
        """The first picture."""
        return self.images[0]

    def compare(self, index: int = 0) -> Image.Image:
        """The picture before the edit and a result side by side, with the points of a drag drawn.

        Raises:
            InputError: the task does not change a picture.
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
            "intent": [{**asdict(each), "score": each.score} for each in self.intent],
            "stress": list(self.guidance.stress),
            "rho": list(self.guidance.rho),
            "bounded": list(self.guidance.bounded),
            "reconstruction": None if self.reconstruction is None else self.reconstruction.plain,
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
        calls = f"{self.evaluations} network evaluation{'s' * (self.evaluations != 1)}{more}"
        return [*said, f"seed {self.request.seed}, {calls}"]

    def save(
        self,
        path: str | Path,
        index: int | None = None,
        embed_sources: bool = True,
        overwrite: bool = False,
        mark: bool = False,
        signing: Signing | None = None,
        original: str | Path | bytes | None = None,
    ) -> list[Path]:
        """Write pictures that contain their request, so that they can be replayed.

        Args:
            path: a file name ending in .png, .jpg, .jpeg or .webp, which gets numbers for several
                pictures; or a folder, where files are named after the task. Missing folders are
                created.
            index: the only picture to write, under exactly this file name; None for all pictures.
            embed_sources: whether to store the input pictures; otherwise a replay needs them as
                files.
            overwrite: replace files that exist.
            mark: draw a small label in a corner that says that a model made the picture.
            signing: how the files are signed with content credentials; None to leave them unsigned.
            original: the file of the edited picture, whose own credentials are kept in a signed
                file.

        Returns:
            the files.

        Raises:
            InputError: the suffix is not supported, a file exists, or there is no such picture;
                nothing is written.
            MissingExtraError: files cannot be signed without the optional dependencies ``c2pa``.
            YuragiError: signing failed.
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
                advice = "choose another name, or set overwrite=True"
                raise InputError("path", str(file), "", "the file exists", advice)
        held = Path(original).read_bytes() if isinstance(original, str | Path) else original
        style = Style(embed_sources, mark, signing or Signing(), held)
        for k, file in files.items():
            style.write(file, self.images[k], replace(self.record, index=k))
        return list(files.values())

    def _repr_png_(self) -> bytes:
        """The first picture, as notebooks show it."""
        held = io.BytesIO()
        self.image.save(held, "PNG")
        return held.getvalue()

    def __repr__(self) -> str:
        count = f"{len(self.images)} picture{'s' * (len(self.images) != 1)}"
        return f"<Result {self.request.kind}: {count}, seed {self.request.seed}>"
