"""What a run gives back, and how it is kept in a PNG.

Text chunk ``yuragi`` is JSON: the whole request, which picture of the result this is, and what ran
it. Text chunk ``parameters`` says the same for people and for other tools, in the form that
AUTOMATIC1111 made common.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from yuragi.adapters.card import Card
from yuragi.errors import InputError
from yuragi.guidance import Cost, Stress, plain
from yuragi.metrics.intent import Intent
from yuragi.provenance.png import Carried, read_carried, write_png
from yuragi.recipe.pictures import MAX_PIXELS, digest
from yuragi.recipe.request import DragRequest, Request, SampleRequest, parse_request

__all__ = ["Gauge", "Origin", "Reconstruction", "Record", "Result", "parameters", "read_record"]


@dataclass(frozen=True)
class Gauge:
    """What guidance cost, and how hard it pushed.

    Attributes:
        cost: of a guided step: network evaluations per picture, passes, reverse products.
        stress: over-guidance of each picture in nats, where it was measured; see
            `yuragi.guidance.stress`.
        rho: mean ratio of slopes of each picture, likewise.
        bounded: share of log sigma where the factor was held at its bound of 1, likewise.
    """

    cost: Cost = plain.cost
    stress: Sequence[float] = ()
    rho: Sequence[float] = ()
    bounded: Sequence[float] = ()

    def and_then(self, measured: Stress) -> Gauge:
        """With the readings of another batch."""
        if measured.total is None or measured.rho is None or measured.bounded is None:
            return self
        return Gauge(
            self.cost,
            [*self.stress, *measured.total.tolist()],
            [*self.rho, *measured.rho.tolist()],
            [*self.bounded, *measured.bounded.tolist()],
        )


@dataclass(frozen=True)
class Origin:
    """What ran a request.

    Attributes:
        version: of Yuragi.
        torch: version of PyTorch.
        device: ``cpu`` or the name of the accelerator.
        dtype: precision of the network.
        weights: fingerprint of the model; see `yuragi.adapters.fingerprint`.
        noise: version of the numbers that seeds stand for; see `yuragi.core.NOISE_VERSION`.
        weak_weights: of the weaker model that guided it, if there was one.
        card: what was loaded; None in pictures of earlier versions.
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
    """How well a picture survived the way up in noise and down again.

    Attributes:
        psnr: of the result against what the codec alone gives back, dB.
        codec_psnr: of what the codec alone gives back against the picture, dB.
        curve: distance (root mean square, latent units) of the state from the path after every
            step of the way down; the last is at the clean end.
    """

    psnr: float
    codec_psnr: float
    curve: Sequence[float]


@dataclass(frozen=True)
class Result:
    """Pictures and how they came about.

    Attributes:
        images: RGB pictures.
        request: the complete request; run again on the same machine it gives the same pictures.
        evaluations: network evaluations spent, counted in samples (a batch of four counts four).
        origin: what ran it.
        sources: the pictures that the request names, by digest.
        frames: for a drag, the picture before and after every part of the way.
        guidance: what guidance cost and how hard it pushed.
        mask: where an edit could change the picture, as it was used; white may change.
        reconstruction: for an inversion, how well the picture survived.
        intent: for a drag with several candidates, how far each carries out what was asked.
    """

    images: Sequence[Image.Image]
    request: Request
    evaluations: int
    origin: Origin
    sources: Mapping[str, Image.Image] = field(default_factory=dict)
    frames: Sequence[Image.Image] = ()
    guidance: Gauge = Gauge()
    mask: Image.Image | None = None
    reconstruction: Reconstruction | None = None
    intent: Sequence[Intent] = ()

    @property
    def ranking(self) -> list[int]:
        """Candidates of a drag, best first, by `Intent.score`; empty if they were not judged."""
        order = range(len(self.intent))
        return sorted(order, key=lambda k: self.intent[k].score, reverse=True)

    @property
    def image(self) -> Image.Image:
        """The first picture."""
        return self.images[0]

    def save(self, path: str | Path, index: int = 0, embed_sources: bool = True) -> None:
        """Write a picture as PNG that carries its request, so that it can be replayed.

        Args:
            path: the file; replaced if it exists.
            index: which picture.
            embed_sources: also carry the input pictures; without them a replay must be given them.

        Raises:
            OSError: the folder cannot be written.
        """
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
        write_png(Path(path), self.images[index], Carried(texts, sources))


@dataclass(frozen=True)
class Record:
    """What a saved picture tells about itself; see `Result`."""

    request: Request
    origin: Origin
    index: int
    sources: Mapping[str, Image.Image]


def read_record(picture: Image.Image, name: str) -> Record:
    """Read back what `Result.save` wrote.

    Args:
        picture: opened and loaded.
        name: how errors call it.

    Raises:
        InputError: it carries no request, or one that this version cannot read.
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
    # Pictures of earlier versions do not name their noise: it was the first.
    return Origin(**{"noise": 1, **told, "card": None if card is None else _card(card)})


def parameters(request: Request, size: tuple[int, int]) -> str:
    """The request in AUTOMATIC1111's form: prompt, negative prompt, a line of settings."""
    sampler = request.solver
    if isinstance(request, SampleRequest):
        more = {"Schedule type": request.timestep_spacing}
    else:
        sampler += f" ({request.sampler} {request.kind})"
        more = {"Denoising strength": f"{request.strength:g}"}
    if isinstance(request, DragRequest):
        points = " ".join(f"{a:g},{b:g}:{c:g},{d:g}" for (a, b), (c, d) in request.points)
        more["Drag points"] = f'"{points}"'
    rule = request.guidance.model_dump(exclude_defaults=True)
    if rule:
        more["Guidance"] = f'"{" ".join(f"{name} {value}" for name, value in rule.items())}"'
    settings = {
        "Steps": request.num_inference_steps,
        "Sampler": sampler,
        "CFG scale": f"{request.guidance_scale:g}",
        "Seed": request.seed,
        "Size": f"{size[0]}x{size[1]}",
        "Model": Path(request.model).name,
        **more,
    }
    negative = [f"Negative prompt: {request.negative_prompt}"] if request.negative_prompt else []
    line = ", ".join(f"{key}: {value}" for key, value in settings.items())
    return "\n".join([request.prompt, *negative, line])
