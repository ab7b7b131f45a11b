"""What the routes share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from yuragi.service.assets import Assets, open_assets
from yuragi.service.database import Database, open_database
from yuragi.service.intake import Intake
from yuragi.service.settings import Serving
from yuragi.service.tickets import Tickets, open_tickets

__all__ = ["Held", "Service", "held"]


@dataclass(frozen=True)
class Held:
    """The parts of a running service.

    Attributes:
        settings: its settings.
        database: the job table.
        tickets: the queue.
        intake: how jobs come into both.
        assets: the store of pictures.
    """

    settings: Serving
    database: Database
    tickets: Tickets
    intake: Intake
    assets: Assets

    def close(self) -> None:
        """Close the connections."""
        self.tickets.client.destroy()
        self.database.engine.dispose()


def held(settings: Serving) -> Held:
    """Open database and store; tables that are missing are made.

    Raises:
        InputError: one of the two addresses is not supported.
    """
    database = open_database(settings.database)
    database.migrate()
    tickets, assets = open_tickets(database), open_assets(settings.assets, database)
    return Held(settings, database, tickets, Intake(database, tickets), assets)


async def _of(request: Request) -> Held:  # not async, it would need a thread for every request
    return cast(Held, request.app.state.held)


Service = Annotated[Held, Depends(_of)]
"""The parts of the service, as the argument of a route."""
