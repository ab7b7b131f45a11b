"""The models on this machine: shipped, registered, or cached from the hub."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from yuragi.models.card import entry_of
from yuragi.models.fingerprint import fingerprint
from yuragi.models.names import SHIPPED, model_path
from yuragi.models.register import registered

__all__ = ["ListedModel", "list_models", "named_models"]


@dataclass(frozen=True)
class ListedModel:
    """A model on this machine.

    Attributes:
        name: the name of the model.
        weights: the fingerprint of the weights.
        kind: the class of its pipeline.
        where: the source of the model: shipped, registered or the hub.
        note: the description or the user's note.
    """

    name: str
    weights: str
    kind: str
    where: str
    note: str


def list_models() -> Iterator[ListedModel]:
    """All models on this machine, without loading them or contacting the hub."""
    yield from named_models()
    yield from _kept()


def named_models() -> Iterator[ListedModel]:
    """The shipped and the registered models."""
    for name, description in SHIPPED.items():
        path = model_path(name)
        note = f"{description}; {entry_of(path, 'license') or 'licence: see its card'}"
        yield ListedModel(name, fingerprint(path), _kind(path), "shipped", note)
    for name, entry in registered().items():
        path = Path(entry.path)
        here = path.exists()
        where = f"registered, {path}" if here else f"registered, missing: {path}"
        yield ListedModel(name, entry.weights, _kind(path), where, entry.note)


def _kept() -> Iterator[ListedModel]:
    """The pipelines in the cache of the hub."""
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        found = scan_cache_dir()
    except (CacheNotFound, OSError, ValueError):
        return
    for repository in sorted(found.repos, key=lambda each: each.repo_id):
        for revision in repository.revisions:
            path = Path(revision.snapshot_path)
            if (path / "model_index.json").exists():
                name = f"{repository.repo_id}@{revision.commit_hash}"
                yield ListedModel(name, fingerprint(path), _kind(path), "kept from the hub", "")


def _kind(path: Path) -> str:
    try:
        index = json.loads((path / "model_index.json").read_text("utf-8"))
    except (OSError, ValueError):
        return "single file" if path.is_file() else "unknown"
    return str(index.get("_class_name"))
