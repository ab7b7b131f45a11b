"""Calibrate the familiarity measure of a model on pictures like its training pictures.

Each picture is measured as it is, as a JPEG of quality 75, and after halving and doubling its size,
because a picture that the model knows should still count as known after it was saved or sent. The
mean and the covariance come from every other picture and the limit from the rest, so that the limit
holds for pictures that the covariance has not seen. The limit has a margin, because results of
edits are a little further from the training pictures and may be edited again.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import torch
from PIL import Image
from torch import Tensor

from yuragi.errors import InputError
from yuragi.images.read import open_picture, read_picture
from yuragi.images.resize import centred, scaled
from yuragi.images.tensors import to_tensor
from yuragi.models.familiarity import FAMILIARITY, Calibration, features
from yuragi.models.model import DiffusionModel
from yuragi.tasks.context import BATCH

__all__ = [
    "LEAST",
    "MARGIN",
    "as_jpeg",
    "calibrate",
    "halved",
    "pictures_in",
    "read_file",
    "write_familiarity",
]

LEAST = 128
"""The smallest number of pictures for a calibration."""
SHARE, MARGIN = 0.995, 1.4
"""The limit is `MARGIN` times the distance within which the share `SHARE` of known pictures lies.
Without the margin, 18 % of dragged portraits were called foreign (validation motions, n = 72)."""
RIDGE = 0.1
"""A standard deviation in nats that is added to every feature, so that errors that differ by less
than a tenth count as equal, and the covariance can be inverted."""

S = TypeVar("S")


def calibrate(
    model: DiffusionModel,
    pictures: Sequence[S],
    read: Callable[[S], Image.Image],
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Calibration:
    """Measure the features of pictures that a model knows.

    Args:
        model: the model.
        pictures: `LEAST` or more pictures that are like the training pictures, but not among them.
        read: the function that reads an entry as an RGB picture.
        on_progress: a function called with (pictures done, total pictures).

    Raises:
        InputError: there are too few pictures, or the model has no empty prompt.
    """
    if len(pictures) < LEAST:
        raise InputError("pictures", len(pictures), f"{LEAST} pictures or more")
    rows = list[Tensor]()
    for start in range(0, len(pictures), BATCH):
        part = [centred(read(one), model.native_size) for one in pictures[start : start + BATCH]]
        found = [
            features(model, torch.cat([to_tensor(form(one)) for one in part])).double().cpu()
            for form in (_as_it_is, as_jpeg, halved)
        ]
        rows.append(torch.stack(found, 1))
        on_progress(start + len(part), len(pictures))
    every = torch.cat(rows)
    fitted, kept = every[::2].flatten(0, 1), every[1::2].flatten(0, 1)
    covariance = fitted.T.cov() + RIDGE**2 * torch.eye(fitted.shape[1], dtype=torch.float64)
    known = Calibration(
        weights=model.weights,
        pictures=len(pictures),
        limit=1.0,
        mean=tuple(fitted.mean(0).tolist()),
        covariance=tuple(map(tuple, covariance.tolist())),
    )
    limit = MARGIN * float(known.distance(kept).quantile(SHARE))
    return known.model_copy(update={"limit": limit})


def write_familiarity(model: DiffusionModel, known: Calibration) -> Path:
    """Write a calibration into the folder of its model, replacing any earlier one.

    Raises:
        InputError: the model was not loaded from a folder.
        OSError: the folder cannot be written.
    """
    if model.path is None or not model.path.is_dir():
        raise InputError("model", str(model.path), "a model from a folder, to keep it there")
    path = model.path / FAMILIARITY
    path.write_text(known.model_dump_json() + "\n", encoding="utf-8")
    return path


def pictures_in(folder: Path) -> list[Path]:
    """The picture files in a folder and its subfolders, sorted.

    Raises:
        InputError: the folder does not exist.
    """
    if not folder.is_dir():
        raise InputError("pictures", str(folder), "a folder of pictures")
    suffixes = Image.registered_extensions()
    return sorted(_files(folder, suffixes))


def _files(folder: Path, suffixes: dict[str, str]) -> Iterator[Path]:
    for file in folder.rglob("*"):
        if file.suffix.lower() in suffixes and file.is_file():
            yield file


def read_file(path: Path) -> Image.Image:
    """The RGB picture in a file; raises the errors of `yuragi.images.read.open_picture`."""
    return read_picture(open_picture(path, "pictures"))


def as_jpeg(picture: Image.Image) -> Image.Image:
    """The picture after saving it as a JPEG of quality 75."""
    held = io.BytesIO()
    picture.save(held, "JPEG", quality=75)
    return Image.open(held).convert("RGB")


def halved(picture: Image.Image) -> Image.Image:
    """The picture reduced to half its size, and enlarged again."""
    half = max(1, picture.width // 2), max(1, picture.height // 2)
    return scaled(scaled(picture, half), picture.size)


def _as_it_is(picture: Image.Image) -> Image.Image:
    return picture
