"""LoRAs of pictures for benchmarks, fitted again and kept apart from the user's cached ones."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from tempfile import TemporaryDirectory

__all__ = ["anew"]


@contextlib.contextmanager
def anew() -> Iterator[None]:
    """Within this context, the cache folder is an empty one, which is deleted afterwards."""
    before = os.environ.get("XDG_CACHE_HOME")
    with TemporaryDirectory() as folder:
        os.environ["XDG_CACHE_HOME"] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ["XDG_CACHE_HOME"]
            else:
                os.environ["XDG_CACHE_HOME"] = before
