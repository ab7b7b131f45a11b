"""Fashion-MNIST from the files that its authors publish and that Debian packages.

``apt-get install dataset-fashion-mnist`` puts them into ``/usr/share/datasets/fashion-mnist``.
Pictures are padded to 32 x 32 with black, which is their background, so that an autoencoder can
halve their sides.

Reference: Xiao, Rasul and Vollgraf 2017 (arXiv 1708.07747), MIT licence.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from yuragi.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CLASSES", "FOLDER", "SIDE", "coloured", "read_split"]

FOLDER = Path("/usr/share/datasets/fashion-mnist")
CLASSES = (
    "T-shirt",
    "trousers",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
SIDE, FRAME = 32, 2
PREFIX = {"train": "train", "test": "t10k"}


def read_split(
    folder: Path, split: Literal["train", "test"]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The pictures of a split, uint8 [n, 32, 32], and their classes, [n] in 0..9.

    Raises:
        InputError: the folder does not hold the files of Fashion-MNIST.
    """
    pictures = _read(folder / f"{PREFIX[split]}-images-idx3-ubyte.gz", 3)
    labels = _read(folder / f"{PREFIX[split]}-labels-idx1-ubyte.gz", 1)
    framed = np.pad(pictures, ((0, 0), (FRAME, FRAME), (FRAME, FRAME)))
    return framed, labels.astype(np.int64)


def coloured(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey pictures [n, h, w] with three equal channels, [n, h, w, 3]."""
    return np.repeat(pictures[..., None], 3, axis=3)


def _read(path: Path, axes: int) -> NDArray[np.uint8]:
    """An array of bytes in the IDX format: two zeros, the type 8, the number of axes, the sides."""
    try:
        held = gzip.decompress(path.read_bytes())
    except (OSError, EOFError) as error:
        allowed = "a folder with the files of Fashion-MNIST (Debian: dataset-fashion-mnist)"
        raise InputError("data", str(path), allowed) from error
    sides = np.frombuffer(held, ">u4", axes, 4)
    if held[:4] != bytes([0, 0, 8, axes]) or len(held) != 4 + 4 * axes + int(sides.prod()):
        raise InputError("data", str(path), f"a whole IDX file of bytes with {axes} axes")
    return np.frombuffer(held, np.uint8, offset=4 + 4 * axes).reshape(sides.astype(int))
