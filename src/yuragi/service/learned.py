"""The capabilities of models that workers have loaded, for clients that choose a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from yuragi.service import tables
from yuragi.service.database import Database

if TYPE_CHECKING:
    from yuragi.models.model import DiffusionModel

__all__ = ["learn", "learned"]

MODELS = tables.models


def learn(database: Database, model: DiffusionModel) -> None:
    """Store the capabilities of a loaded model."""
    if model.weights in learned(database):
        return
    told = {**asdict(model.capabilities), "native_size": model.native_size}
    try:
        with database.noting() as connection:
            connection.execute(sa.insert(MODELS).values(weights=model.weights, capabilities=told))
    except sa.exc.IntegrityError:  # another worker loaded it at the same time
        pass


def learned(database: Database) -> Mapping[str, Mapping[str, Any]]:
    """The capabilities of models by the fingerprint of their weights."""
    with database.reading() as connection:
        rows = connection.execute(sa.select(MODELS))
        return {row.weights: row.capabilities for row in rows}
