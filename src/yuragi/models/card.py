"""Records of loaded models that identify the files and settings behind a picture.

Hashes of files cover name, size, first and last MiB (`yuragi.models.fingerprint`), which is quick
for files of any size. `yuragi models add` stores hashes of whole files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Card", "card_of", "entry_of"]


@dataclass(frozen=True)
class Card:
    """The record of a loaded model.

    Attributes:
        kind: the class of the pipeline or network.
        config: the BLAKE2b digest (32 hexadecimal digits) of the configurations of all parts,
            without folders and versions of libraries.
        revision: the commit, for a model from the hub.
        files: the hashes of the weight files by name; empty for an object of the caller.
        images: the BLAKE2b digests of the pictures of IP-Adapters.
    """

    kind: str
    config: str
    revision: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    images: Sequence[str] = ()


def card_of(pipeline: Any, path: Path | None, files: Mapping[str, str]) -> Card:
    """The card of a pipeline, or of a network of the caller.

    Args:
        pipeline: the pipeline or network.
        path: the path from which it was loaded; None for an object.
        files: the hashes of the weight files.
    """
    parts: Mapping[str, Any] = getattr(pipeline, "components", {"network": pipeline})
    settings = {name: _settings(part) for name, part in parts.items() if part is not None}
    text = json.dumps(settings, sort_keys=True, default=str)
    return Card(
        type(pipeline).__name__,
        hashlib.blake2b(text.encode(), digest_size=16).hexdigest(),
        path.name if path is not None and path.parent.name == "snapshots" else "",
        files,
    )


def entry_of(folder: Path | None, key: str) -> str:
    """A plain entry at the head of the model card in a folder, such as `license`; "" if none."""
    card = (folder or Path()) / "README.md"
    if folder is None or not card.is_file():
        return ""
    text = card.read_text("utf-8")
    head = text.partition("\n---")[0] if text.startswith("---\n") else ""
    for line in head.splitlines():
        if line.startswith(f"{key}:"):
            return line.removeprefix(f"{key}:").strip()
    return ""


def _settings(part: Any) -> dict[str, Any]:
    """The class and the configuration of a part, as stored by diffusers and transformers."""
    config = getattr(part, "config", {})
    if hasattr(config, "to_dict"):
        held = config.to_dict()
    else:
        held = dict(config) if isinstance(config, Mapping) else {}
    dropped = {"transformers_version", "dtype", "torch_dtype"}
    kept = {k: v for k, v in held.items() if not k.startswith("_") and k not in dropped}
    return {"class": type(part).__name__, **kept}
