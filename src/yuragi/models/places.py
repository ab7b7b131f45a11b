"""Where models lie that were loaded by path, as this machine alone remembers it.

Pictures carry a model's name and the fingerprint of its weights, and never a path. So a replay
looks the path up here. The folder is a cache: without it, a replay must be told the path.
"""

from __future__ import annotations

import re
from pathlib import Path

from yuragi.folders import cache_folder

__all__ = ["place_of", "remember"]

FINGERPRINT = re.compile(r"[0-9a-f]{32}")


def remember(weights: str, path: Path) -> None:
    """Remember where these weights lie."""
    file = cache_folder("places") / weights
    try:
        if file.is_file() and file.read_text("utf-8") == str(path):
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(str(path), "utf-8")
    except OSError:
        return  # a folder that cannot be written costs a replay its convenience, and nothing else


def place_of(weights: str) -> Path | None:
    """Where these weights lay when they were last loaded by path; None if that is not known."""
    if not FINGERPRINT.fullmatch(weights):
        return None
    try:
        path = Path((cache_folder("places") / weights).read_text("utf-8"))
    except OSError:
        return None
    return path if path.exists() else None
