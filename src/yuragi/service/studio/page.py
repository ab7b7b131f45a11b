"""The files of the page, as `web/` builds them into the package."""

from __future__ import annotations

import os
import threading
from functools import lru_cache
from importlib import import_module
from importlib.resources import files
from os import PathLike
from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from yuragi.service.studio.models import LOADING
from yuragi.service.whole import WholeFiles

__all__ = ["STATIC", "add_page"]

STATIC = Path(str(files("yuragi") / "studio" / "static"))
"""The built page."""
FOREVER = "public, max-age=31536000, immutable"
"""For files whose names contain the digest of their content."""


def add_page(app: FastAPI) -> None:
    """Serve the page under ``/``, which catches every path without a route."""
    app.mount("/", _Page(directory=STATIC, html=True, check_dir=False))


class _Page(WholeFiles):
    def file_response(
        self,
        full_path: str | PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        answer = super().file_response(full_path, stat_result, scope, status_code)
        named = Path(full_path)
        answer.headers["cache-control"] = FOREVER if named.parent != STATIC else "no-cache"
        return answer

    async def get_response(self, path: str, scope: Scope) -> Response:
        if any(route.matches(scope)[0] is Match.PARTIAL for route in scope["app"].routes):
            raise HTTPException(405)  # a route that does not take HEAD
        if path in (".", "index.html"):
            _warm()
        return await super().get_response(path, scope)


@lru_cache(maxsize=1)
def _warm() -> None:
    """Import what the first preview and request need, while the user still looks at the page."""
    names = (
        "yuragi.tasks.warping",
        "skimage.segmentation",
        "skimage.restoration",
        "diffusers.models.autoencoders",
    )

    def load() -> None:
        with LOADING:
            for name in names:
                import_module(name)

    threading.Thread(target=load, daemon=True).start()
