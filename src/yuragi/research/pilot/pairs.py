"""What raters see: pairs of pictures, in an order and on sides that do not reveal the arms.

The names of pairs, the order in which a rater sees them, the sides, and the links of raters are
derived from a secret of the pilot, which stays in its folder. So none of them has to be stored, and
a rater who comes back sees the same. Each rater sees each arm of a comparison on the left equally
often (or once more, if the number of pairs is odd).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import random
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import NamedTemporaryFile

from yuragi.errors import InputError
from yuragi.research.pilot.plan import Plan

__all__ = ["Blind", "Pair", "Shown", "blind_of"]

SECRET, BYTES = "secret", 32


@dataclass(frozen=True)
class Pair:
    """Two arms on the same edit and seed.

    Attributes:
        name: its name on pages and in votes, which does not reveal what it is.
        edit: the edit.
        seed: the seed.
        arms: both arms, in the order of the plan.
    """

    name: str
    edit: str
    seed: int
    arms: tuple[str, str]


@dataclass(frozen=True)
class Shown:
    """A pair as a rater sees it.

    Attributes:
        pair: the pair.
        left: the arm on the left.
        right: the arm on the right.
    """

    pair: Pair
    left: str
    right: str


@dataclass(frozen=True)
class Blind:
    """Names, orders, sides and links that follow from a secret.

    Attributes:
        plan: the plan.
        secret: random bytes.
    """

    plan: Plan
    secret: bytes
    _sessions: dict[str, tuple[Shown, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def token(self, rater: str) -> str:
        """The token in the link of a rater."""
        return self._keyed(f"token {rater}")[:32]

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """All pairs of the plan."""
        draft = self.plan.draft
        return tuple(
            Pair(self._named(edit.name, seed, arms), edit.name, seed, arms)
            for edit in draft.edits
            for seed in self.plan.seeds
            for arms in draft.comparisons
        )

    def session(self, rater: str) -> tuple[Shown, ...]:
        """All pairs, in the order and on the sides that a rater sees."""
        if rater not in self._sessions:
            self._sessions[rater] = tuple(self._shuffled(rater))
        return self._sessions[rater]

    def _shuffled(self, rater: str) -> list[Shown]:
        shuffled = random.Random(self._keyed(f"order {rater}"))
        session: list[Shown] = []
        for arms in self.plan.draft.comparisons:
            pairs = [pair for pair in self.pairs if pair.arms == arms]
            shuffled.shuffle(pairs)
            # Every other pair is swapped; whether the first one is swapped is random.
            turned = shuffled.randrange(2)
            for k, pair in enumerate(pairs):
                left, right = arms if (k + turned) % 2 else arms[::-1]
                session.append(Shown(pair, left, right))
        shuffled.shuffle(session)
        return session

    def _named(self, edit: str, seed: int, arms: tuple[str, str]) -> str:
        return self._keyed(f"pair {edit} {seed} {' '.join(arms)}")[:16]

    def _keyed(self, text: str) -> str:
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()


def blind_of(plan: Plan, folder: Path) -> Blind:
    """Blind a plan with the secret in the folder of a pilot, which is created if missing.

    Raises:
        InputError: the file of the secret is damaged.
    """
    path = folder / SECRET
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        _create(path)
    secret = path.read_bytes()
    if len(secret) != BYTES:
        allowed = f"a file of {BYTES} bytes; restore it, or delete it if nobody has a link yet"
        raise InputError("secret", str(path), allowed, f"the file has {len(secret)} bytes")
    return Blind(plan, secret)


def _create(path: Path) -> None:
    """Create a secret that only the owner can read, unless another process has just done so."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-") as file:
        file.write(secrets.token_bytes(BYTES))
        file.flush()
        os.fsync(file.fileno())
        # A link is there with all bytes or not at all, and never replaces another secret.
        with suppress(FileExistsError):
            os.link(file.name, path)
