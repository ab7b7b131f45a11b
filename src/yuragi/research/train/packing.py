"""Checkpoints in a few small files, to move a run from one machine to another.

The parts are the autoencoder, the denoiser, and the decoder if it was trained further. Their
weights and averages are packed in half precision and without Adam's moments, which is a quarter of
a checkpoint. Training continues from them with new moments. An exported pipeline does not change,
because it holds the averages in half precision too. The files are named
``packed-1-of-3.safetensors`` and so on; the metadata of each says which pack it belongs to and what
is in it.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor

from yuragi.errors import InputError
from yuragi.research.files import save_whole
from yuragi.research.train.folders import SCALING, decoder_folder, forget
from yuragi.research.train.loop import CHECKPOINT, read_checkpoint, write_checkpoint

__all__ = ["LARGEST", "pack", "unpack"]

LARGEST = 16
"""The default maximum size of a file, in MiB."""
PARTS = ("autoencoder", "denoiser")
"""The parts that every pack has."""
DECODER = "decoder"
KEPT = ("network.", "averaged.")
NAME = re.compile(r"packed-\d+-of-\d+\.safetensors")


def pack(runs: Path, folder: Path, largest: int = LARGEST) -> list[Path]:
    """Pack the checkpoints of a model's parts.

    Args:
        runs: the folder of both runs, finished or not.
        folder: the folder for the files; those of an earlier pack in it are removed.
        largest: the maximum size of a file, in MiB.

    Returns:
        The files.

    Raises:
        InputError: there is no checkpoint, or a tensor is larger than a file can be.
    """
    tensors: dict[str, Tensor] = {}
    counts: dict[str, dict[str, str]] = {}

    def add(part: str, folder: Path) -> None:
        held, counts[part] = read_checkpoint(folder)
        kept = {name: value for name, value in held.items() if name.startswith(KEPT)}
        tensors.update({f"{part}.{name}": _half(value) for name, value in kept.items()})

    for part in PARTS:
        try:
            add(part, runs / part)
        except FileNotFoundError as error:
            allowed = f"a folder with a trained {part} (yuragi train {part})"
            raise InputError("runs", str(runs), allowed) from error
    decoder = decoder_folder(runs, int(counts["autoencoder"]["step"]))
    if (decoder / CHECKPOINT).exists():
        add(DECODER, decoder)
    shards = list(_shards(tensors, largest * 2**20))
    about = {
        "pack": secrets.token_hex(8),
        "counts": json.dumps(counts),
        "scaling": (runs / "denoiser" / SCALING).read_text("utf-8"),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for old in _packed(folder):
        old.unlink()
    files = []
    for number, shard in enumerate(shards, 1):
        files.append(folder / f"packed-{number}-of-{len(shards)}.safetensors")
        save_whole(shard, files[-1], about | {"files": str(len(shards))})
    return files


def unpack(folder: Path, runs: Path, overwrite: bool = False) -> Mapping[str, int]:
    """Write the checkpoints of a pack into run folders, from which training can continue.

    What was made from earlier checkpoints there is deleted: a trained decoder, encoded drawings and
    a text encoder that is learning to read.

    Args:
        folder: the folder with all files of one pack.
        runs: the folder of the runs.
        overwrite: whether checkpoints in `runs` can be replaced.

    Returns:
        The step of each part.

    Raises:
        InputError: files are missing, damaged or from different packs, or the runs already have
            checkpoints.
    """
    tensors: dict[str, Tensor] = {}
    about: dict[str, str] = {}
    files = _packed(folder)
    for file in files:
        found = _read(file, tensors)
        if about and found != about:
            raise InputError("folder", str(file), "a file of the same pack as the others")
        about = found
    if len(files) != int(about.get("files", 1)):
        allowed = f"a folder with all {about.get('files', '')} files of yuragi train pack"
        raise InputError("folder", str(folder), allowed, f"there are {len(files)}")
    if not overwrite and any((runs / part / CHECKPOINT).exists() for part in PARTS):
        raise InputError("runs", str(runs), "a folder without runs in it, or --overwrite")
    counts = json.loads(about["counts"])
    steps = {part: int(told["step"]) for part, told in counts.items()}
    folders = {part: runs / part for part in PARTS}
    if DECODER in steps:
        folders[DECODER] = decoder_folder(runs, steps["autoencoder"])
    forget(runs)
    for part, into in folders.items():
        mark = f"{part}."
        whole = {
            name.removeprefix(mark): value.float() if value.is_floating_point() else value
            for name, value in tensors.items()
            if name.startswith(mark)
        }
        # There are no moments, so there is no count of the updates that they have seen.
        write_checkpoint(into, whole, {"step": str(steps[part])})
    (runs / "denoiser" / SCALING).write_text(about["scaling"], encoding="utf-8")
    return steps


def _half(value: Tensor) -> Tensor:
    return value.half().contiguous() if value.is_floating_point() else value


def _shards(tensors: Mapping[str, Tensor], room: int) -> Iterator[dict[str, Tensor]]:
    """The tensors, in order, in as few parts as possible of at most `room` bytes each."""
    part: dict[str, Tensor] = {}
    used = 0
    for name, value in tensors.items():
        # A tensor's entry in the header has its name, type, shape and position.
        size = value.nbytes + len(name) + 100
        if size > room - 4096:
            allowed = f"{(size + 4096) // 2**20 + 1} or more, in MiB, so that {name} fits"
            raise InputError("largest", room // 2**20, allowed)
        if used + size > room - 4096:
            yield part
            part, used = {}, 0
        part[name] = value
        used += size
    yield part


def _packed(folder: Path) -> list[Path]:
    return sorted(file for file in folder.glob("*.safetensors") if NAME.fullmatch(file.name))


def _read(file: Path, into: dict[str, Tensor]) -> dict[str, str]:
    """Add the tensors of a file to `into`, and return the file's metadata."""
    try:
        with safe_open(file, framework="pt") as opened:
            into |= {key: opened.get_tensor(key) for key in opened.keys()}  # noqa: SIM118
            return dict(opened.metadata())
    except (SafetensorError, OSError) as error:
        raise InputError("folder", str(file), "a whole file of yuragi train pack") from error
