"""The locations of models that were loaded by path, stored on this machine only.

Pictures carry a model's name and the fingerprint of its weights, but never a path. So a replay
looks up the path here. The folder is a cache: without it, the path must be given to a replay.
"""

from __future__ import annotations

import re
from pathlib import Path

from yuragi.folders import cache_folder

__all__ = ["place_of", "remember"]

FINGERPRINT = re.compile(r"[0-9a-f]{32}")


def remember(weights: str, path: Path) -> None:
    """Remember the location of these weights."""
    file = cache_folder("places") / weights
    try:
        if file.is_file() and file.read_text("utf-8") == str(path):
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(str(path), "utf-8")
    except OSError:
        return  # if the folder cannot be written, replays only need the path as an argument


def place_of(weights: str) -> Path | None:
    """The path from which these weights were last loaded; None if it is unknown or gone."""
    if not FINGERPRINT.fullmatch(weights):
        return None
    try:
        path = Path((cache_folder("places") / weights).read_text("utf-8"))
    except OSError:
        return None
    return path if path.exists() else None
