"""Folders for caches, which can be deleted, and for data, which cannot be restored."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["cache_folder", "data_folder"]


def cache_folder(name: str) -> Path:
    """``$XDG_CACHE_HOME/yuragi/<name>``, by default under ``~/.cache``."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "yuragi" / name


def data_folder() -> Path:
    """``$XDG_DATA_HOME/yuragi``, by default under ``~/.local/share``."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "yuragi"
