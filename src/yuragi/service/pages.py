"""The pages of other layers that the service shows next to its own, each under its own path.

The service does not import them. It looks them up, as the command line looks up its groups of
commands. A page requires a token of its own from visitors, not the token of the service.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from starlette.types import ASGIApp

from yuragi.errors import InputError, missing_extra
from yuragi.registry import Registry
from yuragi.service.settings import Serving

__all__ = ["MAX_BYTES", "PAGES", "Page", "pages_of"]

MAX_BYTES = 10_000
"""The largest body that a page receives."""

Page = Callable[[Sequence[Path]], ASGIApp]
"""A function from the folders that a page shows to the page."""

PAGES: Registry[Page] = Registry("yuragi.pages", {"pilot": "yuragi.research.pilot.page:open_page"})


def pages_of(settings: Serving) -> dict[str, ASGIApp]:
    """The pages that the settings enable, by the path under which they are served.

    Raises:
        InputError: a folder does not contain what a page shows.
        MissingExtraError: a page needs optional dependencies.
    """
    if not settings.pilot:
        return {}
    try:
        return {"/pilot": PAGES["pilot"](settings.pilot)}
    except ModuleNotFoundError as error:
        raise missing_extra("yuragi serve --pilot", "pilot") from error
    except InputError as error:
        raise error.called("pilot") from error
