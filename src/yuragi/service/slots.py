"""Slots: names of worker processes, their signs of life, and the takeover of their jobs.

DBOS knows the unfinished workflows of a process by its name. A process that dies and starts again
under the same name continues them. If a name does not come back, another process must take over its
workflows, or they would wait for ever. A lock of the operating system, which ends with its process,
prevents two processes of a machine from using the same name.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TextIO

import sqlalchemy as sa

from yuragi.folders import data_folder
from yuragi.service import tables
from yuragi.service.database import Database

__all__ = ["Pulse", "Slot", "alive", "processes_of", "take_slot"]

WORKERS = tables.workers
GONE = -1
"""The beat of a slot whose jobs can be taken over at once."""


@dataclass(frozen=True)
class Slot:
    """A name that only this process has, as long as the lock is open."""

    name: str
    lock: TextIO


def take_slot(machine: str) -> Slot:
    """The first free slot of this machine: ``machine-1``, ``machine-2`` and so on."""
    folder = data_folder() / "service" / "slots"
    folder.mkdir(parents=True, exist_ok=True)
    for number in count(1):
        name = f"{machine}-{number}"
        lock = (folder / f"{name}.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        return Slot(name, lock)
    raise AssertionError("there is always a higher number")


def alive(database: Database) -> Sequence[str]:
    """The slots that gave a sign of life and were not given up."""
    with database.reading() as connection:
        wanted = sa.select(WORKERS.c.slot).where(WORKERS.c.beat > GONE).order_by(WORKERS.c.slot)
        return list(connection.execute(wanted).scalars())


def processes_of(database: Database) -> Sequence[int]:
    """The ids of the processes of these slots, each on its machine."""
    with database.reading() as connection:
        wanted = sa.select(WORKERS.c.process).where(WORKERS.c.beat > GONE).order_by(WORKERS.c.slot)
        return list(connection.execute(wanted).scalars())


@dataclass
class Pulse:
    """The signs of life of a slot, and its watch over the others.

    Attributes:
        database: the database.
        slot: the name of the slot.
        device: the device that it uses, for people.
        dead_after: the seconds without a sign, by our own clock, after which a slot is given up.
        adopt: the function that takes over the workflows of a slot.
    """

    database: Database
    slot: str
    device: str
    dead_after: float
    adopt: Callable[[str], None]
    seen: dict[str, tuple[int, float]] = field(default_factory=dict)

    def beat(self) -> None:
        """Give a sign of life, and take over the jobs of slots that give none."""
        with self.database.noting() as connection:
            mine = sa.update(WORKERS).where(WORKERS.c.slot == self.slot)
            sign = {"beat": WORKERS.c.beat + 1, "device": self.device, "process": os.getpid()}
            # A slot that was given up counts from 0 again, so that other workers see that it is
            # back.
            if not connection.execute(mine.values(**sign)).rowcount:
                first = {**sign, "beat": 0, "slot": self.slot}
                connection.execute(sa.insert(WORKERS).values(**first))
            others = connection.execute(sa.select(WORKERS).where(WORKERS.c.slot != self.slot)).all()
        now = time.monotonic()
        for row in others:
            beat, since = self.seen.get(row.slot, (None, now))
            self.seen[row.slot] = (row.beat, since if beat == row.beat else now)
            if row.beat == GONE or now - self.seen[row.slot][1] > self.dead_after:
                self._inherit(row.slot, row.beat)

    def leave(self) -> None:
        """Announce that the slot stops, so that its jobs are taken over at once."""
        with self.database.noting() as connection:
            mine = sa.update(WORKERS).where(WORKERS.c.slot == self.slot)
            connection.execute(mine.values(beat=GONE))

    def _inherit(self, slot: str, beat: int) -> None:
        """Take over the jobs of a slot, unless it gave a sign of life in the meantime."""
        silent = WORKERS.c.slot == slot, WORKERS.c.beat.in_([beat, GONE])
        with self.database.noting() as connection:
            marked = connection.execute(sa.update(WORKERS).where(*silent).values(beat=GONE))
        if not marked.rowcount:
            return
        self.adopt(slot)
        # Not earlier: if we die before this, the mark tells the next process to do the same.
        with self.database.noting() as connection:
            gone = WORKERS.c.slot == slot, WORKERS.c.beat == GONE
            connection.execute(sa.delete(WORKERS).where(*gone))
        self.seen.pop(slot, None)
