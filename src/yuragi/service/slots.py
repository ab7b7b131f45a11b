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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TextIO

import sqlalchemy as sa

from yuragi.folders import data_folder
from yuragi.service import tables
from yuragi.service.database import Database

__all__ = ["Pulse", "Slot", "Watch", "alive", "processes_of", "take_slot"]

WORKERS = tables.workers
GONE = -1
"""The beat of a slot whose jobs can be taken over at once."""
SILENT_S = 30.0
"""The seconds without a sign of life after which the service does not count a slot any more."""


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


@dataclass
class Watch:
    """Finds slots that give no signs of life.

    A sign of life is a beat that changed, seen by the clock of this process: the clocks of several
    machines can differ, so no times are stored.

    Attributes:
        patience: the seconds without a sign after which a slot is silent.
        seen: the last beat of each slot, and when it was first seen.
    """

    patience: float = SILENT_S
    seen: Mapping[str, tuple[int, float]] = field(default_factory=dict)

    def silent(self, beats: Mapping[str, int]) -> set[str]:
        """The slots that have been silent for too long.

        Args:
            beats: the present beat of every slot.
        """
        now, before = time.monotonic(), self.seen
        self.seen = {
            slot: before[slot] if slot in before and before[slot][0] == beat else (beat, now)
            for slot, beat in beats.items()
        }
        return {slot for slot, (_, since) in self.seen.items() if now - since > self.patience}


def alive(database: Database, watch: Watch) -> Sequence[str]:
    """The slots that give signs of life, and were not given up.

    A slot that the watch has not seen before counts as alive. Without this watch, the last slot of
    a service would count for ever if it died, since only other slots give up a silent one.
    """
    with database.reading() as connection:
        wanted = sa.select(WORKERS.c.slot, WORKERS.c.beat).where(WORKERS.c.beat > GONE)
        beats = {row.slot: row.beat for row in connection.execute(wanted)}
    return sorted(beats.keys() - watch.silent(beats))


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
        watch: finds the slots that are given up.
        adopt: the function that takes over the workflows of a slot.
    """

    database: Database
    slot: str
    device: str
    watch: Watch
    adopt: Callable[[str], None]

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
        silent = self.watch.silent({row.slot: row.beat for row in others})
        for row in others:
            if row.beat == GONE or row.slot in silent:
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
