"""The votes of a pilot: a SQLite file in its folder.

A vote is on disk before the request is answered. A rater has one vote on a pair: casting the same
vote again changes nothing, and casting another one corrects it without changing its place in the
order of votes. Votes cast by a script belong to raters who are marked as simulated permanently.
"""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from yuragi.errors import InputError

__all__ = ["Choice", "Vote", "Votes"]

Choice = Literal["left", "tie", "right"]
BUSY_S = 30.0
TABLES = """
CREATE TABLE IF NOT EXISTS raters (
    name TEXT PRIMARY KEY,
    simulated INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS votes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    rater TEXT NOT NULL REFERENCES raters (name),
    pair TEXT NOT NULL,
    edit TEXT NOT NULL,
    seed INTEGER NOT NULL,
    left_arm TEXT NOT NULL,
    right_arm TEXT NOT NULL,
    choice TEXT NOT NULL CHECK (choice IN ('left', 'tie', 'right')),
    left_accepted INTEGER NOT NULL,
    right_accepted INTEGER NOT NULL,
    plan TEXT NOT NULL,
    cast_at TEXT NOT NULL,
    UNIQUE (rater, pair)
);
"""


@dataclass(frozen=True)
class Vote:
    """The vote of a rater on a pair.

    Attributes:
        rater: the name of the rater.
        pair: the name of the pair.
        edit: its edit.
        seed: its seed.
        left_arm: the arm that was on the left.
        right_arm: the arm that was on the right.
        choice: which picture follows the instruction better.
        left_accepted: whether the rater would use the left picture as it is.
        right_accepted: whether the rater would use the right picture as it is.
        plan: the digest of the plan under which it was cast.
        simulated: whether a script cast it.
        cast_at: when it was last cast or corrected (UTC, ISO 8601).
    """

    rater: str
    pair: str
    edit: str
    seed: int
    left_arm: str
    right_arm: str
    choice: Choice
    left_accepted: bool
    right_accepted: bool
    plan: str
    simulated: bool
    cast_at: str = ""

    def score(self, arm: str) -> float:
        """1 if the arm was preferred, 0 if the other one was, 1/2 for a tie."""
        if self.choice == "tie":
            return 0.5
        return float((self.left_arm if self.choice == "left" else self.right_arm) == arm)

    def accepted(self, arm: str) -> bool:
        """Whether the rater would use the picture of one of the two arms."""
        return self.left_accepted if arm == self.left_arm else self.right_accepted


@dataclass(frozen=True)
class Votes:
    """The votes in a file.

    Attributes:
        path: the file.
    """

    path: Path

    @classmethod
    def of(cls, folder: Path) -> Votes:
        """The votes in the folder of a pilot."""
        votes = cls(folder / "votes.sqlite")
        votes.path.parent.mkdir(parents=True, exist_ok=True)
        with votes._open() as connection:
            connection.executescript(TABLES)
        return votes

    def add_rater(self, name: str, simulated: bool) -> None:
        """Add a rater; adding the same one again changes nothing.

        Raises:
            InputError: a rater with this name is simulated and this one is not, or vice versa.
        """
        with self._open() as connection:
            connection.execute("INSERT OR IGNORE INTO raters VALUES (?, ?)", (name, simulated))
        if self.simulated(name) != simulated:
            kind = "a person" if simulated else "simulated"
            raise InputError("rater", name, "another name", f"the rater of this name is {kind}")

    def raters(self) -> dict[str, bool]:
        """All raters, and whether they are simulated."""
        with self._open() as connection:
            rows = connection.execute("SELECT name, simulated FROM raters ORDER BY rowid")
            return {name: bool(simulated) for name, simulated in rows}

    def simulated(self, rater: str) -> bool:
        """Whether a rater is simulated."""
        return self.raters()[rater]

    def cast(self, vote: Vote) -> None:
        """Store a vote; it is on disk when this function returns."""
        with self._open() as connection:
            connection.execute(
                """
                INSERT INTO votes (rater, pair, edit, seed, left_arm, right_arm, choice,
                    left_accepted, right_accepted, plan, cast_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (rater, pair) DO UPDATE SET
                    choice = excluded.choice,
                    left_accepted = excluded.left_accepted,
                    right_accepted = excluded.right_accepted,
                    plan = excluded.plan,
                    cast_at = excluded.cast_at
                WHERE (choice, left_accepted, right_accepted, plan) != (excluded.choice,
                    excluded.left_accepted, excluded.right_accepted, excluded.plan)
                """,
                (*astuple(vote)[:10], datetime.now(UTC).isoformat(timespec="milliseconds")),
            )

    def all(self) -> list[Vote]:
        """All votes, in the order in which they were first cast."""
        with self._open() as connection:
            rows = connection.execute(
                """
                SELECT rater, pair, edit, seed, left_arm, right_arm, choice, left_accepted,
                    right_accepted, plan, simulated, cast_at
                FROM votes JOIN raters ON raters.name = votes.rater ORDER BY number
                """
            )
            return [_vote(row) for row in rows]

    def write_csv(self, path: Path) -> None:
        """Write all votes as a CSV table."""
        with open(path, "w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow([each.name for each in fields(Vote)])
            table.writerows(astuple(vote) for vote in self.all())

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.path, timeout=BUSY_S)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            with connection:
                yield connection
        finally:
            connection.close()


def _vote(row: tuple[Any, ...]) -> Vote:
    """A vote from its row, in which SQLite stores truth values as numbers."""
    values = dict(zip((each.name for each in fields(Vote)), row, strict=True))
    truths = {name: bool(values[name]) for name in ("left_accepted", "right_accepted", "simulated")}
    return Vote(**{**values, **truths})
