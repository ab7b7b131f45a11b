"""LoRAs of pictures for benchmarks: learned anew, beside those that the user keeps."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from tempfile import TemporaryDirectory

__all__ = ["anew"]


@contextlib.contextmanager
def anew() -> Iterator[None]:
    """Inside, the cache folder is an empty one, which is gone afterwards."""
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
