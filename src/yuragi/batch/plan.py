"""The plan of a batch: names of results, seeds, and groups of rows that share device batches."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace

from yuragi.batch.items import Item
from yuragi.batch.naming import name_of
from yuragi.models.opening import Opening
from yuragi.tasks.base import Request
from yuragi.tasks.context import BATCH
from yuragi.tasks.record import public

__all__ = ["Chunk", "Plan", "Planned", "Planner"]

SEED_BYTES = 4

Chunk = Sequence[Item]
"""Rows that are processed together: as many as fill a device batch, if enough of them fit together.
Chunks depend only on the manifest, so a resumed batch and every engine form the same chunks."""


@dataclass(frozen=True)
class Planned:
    """A row of the plan.

    Attributes:
        row: the number of the row.
        id: its value in the column ``id``.
        kind: its task.
        seed: its seed.
        pictures: the number of pictures that it makes.
        name: the name of its results, which another row can share.
    """

    row: int
    id: str
    kind: str
    seed: int
    pictures: int
    name: str


@dataclass(frozen=True)
class Plan:
    """Everything that a manifest requests.

    Attributes:
        rows: every row, in the order of the manifest.
        chunks: the work, each result once.
    """

    rows: Sequence[Planned]
    chunks: Sequence[Chunk]


@dataclass
class Planner:
    """Collects the rows of a manifest.

    Attributes:
        seed: the number that decides, together with their content, the seeds of rows without a
            seed.
        opening: how models are opened.
    """

    seed: int
    opening: Opening
    rows: list[Planned] = field(default_factory=list)
    _equal: Counter[bytes] = field(default_factory=Counter)
    _groups: dict[tuple[str, str, bytes], list[tuple[Item, int]]] = field(default_factory=dict)
    _known: set[str] = field(default_factory=set)

    def add(self, item: Item) -> None:
        """Plan a row.

        Raises:
            InputError: it does not give a valid request.
        """
        drawn = "seed" not in item.options
        request = item.made(0 if drawn else None).request
        if drawn:
            request = request.model_copy(update={"seed": self._seed(request)})
            item = replace(item, options={**item.options, "seed": request.seed})
        item = replace(item, name=name_of(request, self.opening))
        pictures = getattr(request, "num_images", 1)
        self.rows.append(Planned(item.row, item.id, item.kind, request.seed, pictures, item.name))
        if item.name not in self._known:
            self._known.add(item.name)
            key = request.model, request.weak_model or "", _digest(request.shared)
            self._groups.setdefault(key, []).append((item, pictures))

    def plan(self) -> Plan:
        """The plan, with the rows of each model together, and the models in order of appearance."""
        models = list(dict.fromkeys(key[:2] for key in self._groups))
        chunks = [
            chunk
            for model in models
            for key, group in self._groups.items()
            if key[:2] == model
            for chunk in _filled(group)
        ]
        return Plan(self.rows, chunks)

    def _seed(self, request: Request) -> int:
        """A seed from the content, and from the number of equal rows that came before.

        Weights and precision do not enter, so that results of two of them can be compared.
        """
        content = _digest(public(request).model_dump_json())
        told = f"{self.seed} {content.hex()} {self._equal[content]}".encode()
        self._equal[content] += 1
        return int.from_bytes(hashlib.blake2b(told, digest_size=SEED_BYTES).digest())


def _filled(group: Sequence[tuple[Item, int]]) -> list[Chunk]:
    """A group in chunks of at most `BATCH` pictures, or one row that makes more."""
    chunks, held = list[list[Item]](), BATCH
    for item, pictures in group:
        if held + pictures > BATCH:
            chunks.append([])
            held = 0
        chunks[-1].append(item)
        held += pictures
    return [*chunks]


def _digest(key: Hashable) -> bytes:
    return hashlib.blake2b(repr(key).encode(), digest_size=16).digest()
