"""Checks that a directory is a complete pipeline in safetensors, before files are opened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from yuragi.errors import InputError

__all__ = ["PICKLES", "check_directory", "class_of"]

PICKLES = (".bin", ".ckpt", ".pt", ".pth", ".pkl", ".pickle")
WHOLE = "the directory of a pipeline in safetensors (with model_index.json)"
REFUSED = "pickles can run code and are refused"
HINT = (
    f"{WHOLE}; convert the file on a disposable machine "
    "(pipeline.save_pretrained(folder, safe_serialization=True)), or allow pickles, which are then "
    "read as plain tensors"
)
ALONE = "a single file does not say which pipeline it belongs to"


def class_of(path: Path) -> str:
    """The class of a pipeline according to its ``model_index.json``.

    Raises:
        InputError: the path is a pickle, does not exist, is a file without a directory that
            describes it, or the JSON is not valid.
    """
    if path.suffix.lower() in PICKLES:
        raise InputError("model", str(path), HINT, REFUSED)
    if path.is_file():
        allowed = "given with the directory of a pipeline of its kind (config)"
        raise InputError("model", str(path), allowed, ALONE)
    return str(_index(path).get("_class_name"))


def check_directory(path: Path, allow_pickle: bool) -> None:
    """Refuse a directory that is incomplete, or contains pickles instead of safetensors.

    Raises:
        InputError: a part has no weights, shards are missing, or pickles are not allowed.
    """
    for name, kind in _index(path).items():
        if name.startswith("_") or not isinstance(kind, list) or None in kind:
            continue
        part = path / name
        if (part / "config.json").exists() or name in ("unet", "transformer", "vae"):
            _check_part(part, allow_pickle)


def _index(path: Path) -> dict[str, Any]:
    index = path / "model_index.json"
    if not index.is_file():
        raise InputError("model", str(path), WHOLE)
    try:
        found = json.loads(index.read_text("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError("model", str(index), "valid JSON") from error
    if not isinstance(found, dict):
        raise InputError("model", str(index), "a JSON object")
    return found


def _check_part(part: Path, allow_pickle: bool) -> None:
    files = sorted(part.glob("*"))
    tensors = [file for file in files if file.suffix == ".safetensors"]
    pickles = [file for file in files if file.suffix in PICKLES]
    if not tensors and pickles and not allow_pickle:
        raise InputError("model", str(pickles[0]), HINT, REFUSED)
    if not tensors and not pickles:
        raise InputError("model", str(part), WHOLE, "there are no weights in this part")
    for index in part.glob("*.safetensors.index.json"):
        shards = set(json.loads(index.read_text("utf-8")).get("weight_map", {}).values())
        missing = sorted(shard for shard in shards if not (part / shard).exists())
        if missing:
            raise InputError("model", str(part / missing[0]), WHOLE, "this file is missing")
