"""The database and the pictures of a service, for commands that use them beside the service."""

from __future__ import annotations

from typing import Annotated

import typer

from yuragi.cli.configuration import completed
from yuragi.cli.loading import LOCAL
from yuragi.cli.service import SERVING
from yuragi.service.settings import Store

__all__ = ["DatabaseOption", "store_of"]

DatabaseOption = Annotated[
    str | None,
    typer.Option(help="Database of the service; by default that of `yuragi serve`.", metavar="URL"),
]


def store_of(database: str | None, assets: str | None = None) -> Store:
    """The store of a service: what was given, and the user's defaults for `yuragi serve`."""
    given = {"database": database, "assets": assets}
    found = completed("serve", [*SERVING, *LOCAL], given)
    return Store(**{name: found[name] for name in Store.model_fields if name in found})
