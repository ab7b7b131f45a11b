"""Figures that compare pictures with counterparts, texts, and the drags that made them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from yuragi.errors import InputError
from yuragi.images.read import read_picture
from yuragi.images.tensors import to_tensor
from yuragi.models.dift import DIFT
from yuragi.research.bench.dragbench.protocols import mean_distance_a
from yuragi.research.measure.folder import Pictures
from yuragi.research.metrics.figure import Figure
from yuragi.research.metrics.intervals import mean_interval
from yuragi.research.metrics.paired import region_psnr, ssim
from yuragi.research.metrics.perceptual import LPIPS
from yuragi.research.metrics.transformers_features import TextImage
from yuragi.tasks.drag import DragRequest
from yuragi.tasks.picture import picture_of

__all__ = ["Texts", "counterparts", "drag_figure", "pair_figures", "text_figure"]


def counterparts(pictures: Pictures, truth: Pictures) -> Sequence[tuple[int, int]]:
    """Match the pictures of two folders by file name without its extension.

    Raises:
        InputError: a picture has no counterpart.
    """
    known = {path.stem: k for k, path in enumerate(truth.paths)}
    for path in pictures.paths:
        if path.stem not in known:
            allowed = f"pictures with the same names as those in {truth.folder}"
            raise InputError(pictures.argument, str(path), allowed, "it has no counterpart")
    return [(k, known[path.stem]) for k, path in enumerate(pictures.paths)]


def pair_figures(
    pictures: Pictures, truth: Pictures, perceptual: Sequence[LPIPS]
) -> Sequence[Figure]:
    """PSNR in dB, SSIM and perceptual distances between pictures of the same name.

    Raises:
        InputError: a picture has no counterpart of its size or is too small for a distance, or
            there are fewer than two pairs.
    """
    matched = counterparts(pictures, truth)
    backends = {"PSNR": "pixels", "SSIM": "scikit-image"}
    backends |= {each.name: each.origin for each in perceptual}
    rows: dict[str, list[Tensor]] = {name: [] for name in backends}
    for k, other in matched:
        one, two = pictures.picture(k), truth.picture(other)
        if one.shape != two.shape:
            size = f"{two.shape[3]}x{two.shape[2]} pixels, like its counterpart"
            raise InputError(pictures.argument, str(pictures.paths[k]), size)
        everywhere = torch.ones(1, *one.shape[-2:], dtype=torch.bool)
        rows["PSNR"].append(region_psnr(one, two, everywhere))
        rows["SSIM"] += ssim(one, two, [everywhere])
        for distance in perceptual:
            if min(one.shape[-2:]) < distance.least:
                size = f"at least {distance.least}x{distance.least} pixels for {distance.name}"
                raise InputError(pictures.argument, str(pictures.paths[k]), size)
            rows[distance.name].append(distance.between(one, two))
    n = len(pictures)
    return [
        Figure.of(name, mean_interval(torch.cat(found)), n, n, backends[name], pictures.seeds)
        for name, found in rows.items()
    ]


@dataclass(frozen=True)
class Texts:
    """Texts of pictures by file name, and the score of how well they fit."""

    by_name: Mapping[str, str]
    score: TextImage
    backend: str


def text_figure(pictures: Pictures, texts: Texts) -> Figure:
    """How well pictures fit their texts, 0 to 100.

    Raises:
        InputError: a picture has no text, or there are fewer than two pictures.
    """
    found = []
    for k, path in enumerate(pictures.paths):
        if path.name not in texts.by_name:
            raise InputError("texts", path.name, "a text for every picture", "it has no text")
        found.append(texts.score(pictures.picture(k), [texts.by_name[path.name]]))
    n = len(pictures)
    return Figure.of(
        "text-image", mean_interval(torch.cat(found)), n, 0, texts.backend, pictures.seeds
    )


def drag_figure(pictures: Pictures, features: DIFT, backend: str) -> Figure:
    """How far dragged content is from its targets, in pixels, by protocol A of DragBench.

    The points and the picture before the drag are read from the files. The interval is for the
    choice of the pictures.

    Raises:
        InputError: a picture is not the result of a drag by points, or there are fewer than two
            pictures.
    """
    found = []
    for path, record in zip(pictures.paths, pictures.records, strict=True):
        request = None if record is None else record.request
        if record is None or not isinstance(request, DragRequest) or not request.points:
            allowed = "a result of yuragi drag with points"
            raise InputError(pictures.argument, str(path), allowed)
        before = picture_of(request.image, record.sources)
        known, seen = (
            features(to_tensor(each), [request.prompt])[0] for each in (before, read_picture(path))
        )
        size = (before.height, before.width)
        distances = mean_distance_a(known, seen, request.points, size)
        found.append(distances.double().mean())
    n = len(pictures)
    return Figure.of(
        "drag distance", mean_interval(torch.stack(found)), n, n, backend, pictures.seeds
    )
