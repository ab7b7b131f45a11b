"""The digest of a pipeline's configuration, from its files and without loading it.

`yuragi.models.card` makes a similar digest of a loaded pipeline, in which the libraries have filled
in what the files leave open.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from yuragi.errors import InputError
from yuragi.models.directory import class_of
from yuragi.models.fingerprint import WEIGHTS

__all__ = ["configuration"]

INDEX = "model_index.json"
UNUSED = {"_diffusers_version", "_name_or_path", "transformers_version", "dtype", "torch_dtype"}
"""Entries that say who wrote a file, and what the caller decides."""


def configuration(folder: Path) -> str:
    """The BLAKE2b digest (32 hexadecimal digits) of all that a pipeline's parts read but weights.

    These are the settings of its parts and the vocabularies of its tokenizers. Which libraries
    wrote the files, and in which folder they are, makes no difference.

    Raises:
        InputError: the folder is none of a pipeline, or one of its files is not valid JSON.
    """
    class_of(folder)  # the index is there and valid
    digest = hashlib.blake2b(digest_size=16)
    for file in _files(folder):
        body = _settings(file) if file.suffix == ".json" else file.read_bytes()
        digest.update(f"{file.relative_to(folder).as_posix()} {len(body)} ".encode())
        digest.update(body)
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    """The index, and the files of the parts that it names, without their weights."""
    yield folder / INDEX
    for part in sorted(json.loads((folder / INDEX).read_text("utf-8"))):
        found = sorted((folder / part).glob("*"))
        yield from (file for file in found if file.is_file() and file.suffix not in WEIGHTS)


def _settings(file: Path) -> bytes:
    """The entries of a JSON file in a form that does not depend on how it was written."""
    try:
        found = json.loads(file.read_bytes(), object_hook=_used)
    except ValueError as error:
        raise InputError("model", str(file), "valid JSON") from error
    return json.dumps(found, sort_keys=True).encode()


def _used(entries: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entries.items() if name not in UNUSED}
