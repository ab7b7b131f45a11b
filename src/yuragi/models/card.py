"""What was loaded: enough to tell later which files and settings made a picture.

Hashes of files cover name, size, first and last MiB (`yuragi.models.fingerprint`): quick at every
loading, however large; `yuragi models add` keeps whole ones.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Card", "card_of"]


@dataclass(frozen=True)
class Card:
    """A loaded model.

    Attributes:
        kind: class of the pipeline or network.
        config: BLAKE2b (hex, 32 characters) of its parts' configurations; their folders and the
            versions of libraries do not count.
        revision: commit on the hub, where it comes from there.
        files: hashes of its weight files, by name; empty for an object of the caller's.
        images: BLAKE2b of the pictures that its IP-Adapters are shown.
    """

    kind: str
    config: str
    revision: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    images: Sequence[str] = ()


def card_of(pipeline: Any, path: Path | None, files: Mapping[str, str]) -> Card:
    """The card of a pipeline, or of a network of the caller's.

    Args:
        pipeline: with the parts.
        path: what it was loaded from; None for an object.
        files: hashes of the weight files there.
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


def _settings(part: Any) -> dict[str, Any]:
    """A part's class and configuration, as diffusers and transformers keep it."""
    config = getattr(part, "config", {})
    if hasattr(config, "to_dict"):
        held = config.to_dict()
    else:
        held = dict(config) if isinstance(config, Mapping) else {}
    dropped = {"transformers_version", "dtype", "torch_dtype"}
    kept = {k: v for k, v in held.items() if not k.startswith("_") and k not in dropped}
    return {"class": type(part).__name__, **kept}
