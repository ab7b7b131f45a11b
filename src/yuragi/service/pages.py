"""The pages of other layers that the service shows beside its own, each below a path of its name.

The service imports none of them: it looks them up, as the command line does its groups of commands.
A page asks whoever comes for a token of its own, and none of the service's.
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
"""Makes a page of the folders of what it shows."""

PAGES: Registry[Page] = Registry("yuragi.pages", {"pilot": "yuragi.research.pilot.page:open_page"})


def pages_of(settings: Serving) -> dict[str, ASGIApp]:
    """The pages that are asked for, by the path below which they lie.

    Raises:
        InputError: a folder does not have what a page shows.
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
