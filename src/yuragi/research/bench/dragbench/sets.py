"""Samples of DragBench-S, -D, -SR and -DR in the layout of their authors.

    S        <sample>/            origin_image.png  mask.png  prompt.json {source, target, prompt}
    D        <category>/<sample>/ original_image.png  meta_data.pkl {prompt, points, mask}
    SR, DR   like D               and meta_data_region.pkl, in the same format

``points`` in the pickles are handle, target, handle, target, ... as (x, y). The files in a folder
tell which set it contains. Samples are sorted by their paths, so results do not depend on the file
system's order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from yuragi.drag import PointPair
from yuragi.errors import InputError
from yuragi.research.bench.dragbench.unpickle import read_pickle

__all__ = ["Sample", "read_sets"]


@dataclass(frozen=True)
class Sample:
    """One picture and the drag that is requested for it.

    Attributes:
        name: the path below the set's folder, with slashes.
        image: the RGB picture.
        mask: 8 bit, 255 where the picture may change; None if the whole picture may change or the
            set has no mask.
        points: pairs of source and target (x, y), in pixels.
        prompt: a description of the result.
    """

    name: str
    image: Image.Image
    mask: Image.Image | None
    points: tuple[PointPair, ...]
    prompt: str


def read_sets(folder: Path, regions: bool = False) -> Iterator[Sample]:
    """All samples below a folder, sorted by path.

    Args:
        folder: the folder of one of the sets.
        regions: whether to read the dense points of SR and DR instead of the few points of their
            point versions.

    Raises:
        InputError: the folder does not exist or has no samples, or a sample does not have the
            set's format.
        UnsafePickleError: a pickle contains more than plain data.
    """
    if not folder.is_dir():
        raise InputError("folder", str(folder), "a folder with a DragBench data set")
    name = "meta_data_region.pkl" if regions else "meta_data.pkl"
    files = sorted([*folder.rglob(name), *([] if regions else folder.rglob("prompt.json"))])
    if not files:
        allowed = f"a folder with samples: {name} or prompt.json beside a picture"
        raise InputError("folder", str(folder), allowed)
    for file in files:
        yield _sample(file, file.parent.relative_to(folder).as_posix())


def _sample(file: Path, name: str) -> Sample:
    try:
        if file.suffix == ".json":
            return _from_json(file, name)
        return _from_pickle(file, name)
    except (KeyError, TypeError, ValueError, IndexError, OSError) as error:
        if isinstance(error, InputError) or type(error).__module__.startswith("yuragi"):
            raise
        raise InputError("folder", str(file), f"a sample in the set's form ({error!r})") from error


def _from_json(file: Path, name: str) -> Sample:
    given: Mapping[str, Any] = json.loads(file.read_text("utf-8"))
    with Image.open(file.parent / "origin_image.png") as picture:
        image = picture.convert("RGB")
    path, mask = file.parent / "mask.png", None
    if path.exists():
        with Image.open(path) as picture:
            mask = _mask(np.asarray(picture.convert("L")) > 127)
    points = tuple(zip(_points(given["source"]), _points(given["target"]), strict=True))
    return Sample(name, image, mask, points, str(given["prompt"]))


def _from_pickle(file: Path, name: str) -> Sample:
    given = read_pickle(file)
    with Image.open(file.parent / "original_image.png") as picture:
        image = picture.convert("RGB")
    points = _points(given["points"])
    pairs = tuple(zip(points[::2], points[1::2], strict=True))
    return Sample(name, image, _mask(np.asarray(given["mask"]) > 0), pairs, str(given["prompt"]))


def _mask(editable: np.ndarray[Any, Any]) -> Image.Image | None:
    """The mask; None if all or nothing is marked, because then the whole picture may change."""
    if editable.all() or not editable.any():
        return None
    return Image.fromarray(editable.astype(np.uint8) * 255)


def _points(given: Any) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in given]
