"""The parts that the routes share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request

from yuragi.service.assets import Assets, open_assets
from yuragi.service.database import Database, open_database, reaching
from yuragi.service.intake import Intake
from yuragi.service.settings import Serving
from yuragi.service.slots import Watch
from yuragi.service.tickets import Tickets, open_tickets
from yuragi.tasks.policy import Policy, read_policy

__all__ = ["Held", "Service", "held"]


@dataclass(frozen=True)
class Held:
    """The parts of a running service.

    Attributes:
        settings: its settings.
        database: the job table.
        tickets: the queue.
        intake: the part that adds jobs to both.
        assets: the store of pictures.
        policy: which requests are allowed.
        watch: finds workers that give no signs of life.
    """

    settings: Serving
    database: Database
    tickets: Tickets
    intake: Intake
    assets: Assets
    policy: Policy
    watch: Watch = field(default_factory=Watch)

    def close(self) -> None:
        """Close the connections."""
        self.tickets.client.destroy()
        self.database.engine.dispose()


def held(settings: Serving) -> Held:
    """Open the database and the store; missing tables are created.

    Raises:
        InputError: one of the two addresses is not supported, or the policy cannot be read.
        YuragiError: the database cannot be reached or used.
    """
    policy = read_policy(settings.policy)
    database = open_database(settings.database)
    with reaching(settings.database):
        database.migrate()
        tickets = open_tickets(database)
    assets = open_assets(settings.assets, database)
    return Held(settings, database, tickets, Intake(database, tickets), assets, policy)


async def _of(request: Request) -> Held:  # without async it would need a thread for every request
    return cast(Held, request.app.state.held)


Service = Annotated[Held, Depends(_of)]
"""The parts of the service, as the argument of a route."""
