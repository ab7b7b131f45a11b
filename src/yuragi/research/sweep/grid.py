"""What is swept: rule x gain x scale x interval x solver x steps, each point with a key of its own.

A rule is told as on the command line: its name, for an interval with its bounds, for a cosine with
its power: ``cfg``, ``interval:0.28:2.9``, ``linear``, ``linear:2``, ``cosine:2``, ``auto``, whose
weaker model all points of a sweep share. A gain is a name: ``plain``, ``reg``, ``reg_forward``,
``ratio``, with a number for a gamma, ``ratio:0.25``, and with the number of evaluations that share
a measured gain, ``reg/4``, ``ratio:0.25/4``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from yuragi.core import NOISE_VERSION
from yuragi.errors import InputError
from yuragi.tasks.guidance import GAINS, RULES, Guidance

__all__ = ["Draws", "Point", "gain_named", "grid", "rule_named"]

OPTIONS = {"interval": "interval", "linear": "start", "cosine": "power"}
"""The option of a rule that may stand after its name."""


@dataclass(frozen=True)
class Point:
    """One setting.

    Attributes:
        rule: the weight rule, as told.
        gain: the gain, as told.
        scale: the guidance scale; 1 is off.
        solver: a name in `yuragi.solver.solvers`.
        steps: solver steps.
        spacing: the time grid.
    """

    rule: str
    gain: str
    scale: float
    solver: str
    steps: int
    spacing: str = "trailing"

    @property
    def guidance(self) -> Guidance:
        """The rule and the gain as the library knows them.

        Raises:
            InputError: an unknown name, or an option that does not fit.
        """
        said = {"rule": rule_named(self.rule), "gain": gain_named(self.gain)}
        try:
            found = Guidance.model_validate(said)
        except ValidationError as error:
            first = error.errors()[0]
            cause = first.get("ctx", {}).get("error")
            if isinstance(cause, InputError):
                raise cause from error
            raise InputError(
                "rules and gains", f"{self.rule}, {self.gain}", first["msg"]
            ) from error
        found.check(self.scale)
        return found

    @property
    def arm(self) -> str:
        """What stays the same along a front: everything but the scale."""
        gain = "" if self.gain == "plain" else f" + {self.gain}"
        return f"{self.rule}{gain} ({self.solver} x{self.steps})"

    def key(self, draws: Draws, folder: Path | None) -> str:
        """Of everything that decides the result; a gain may read a table in the model's folder."""
        said: list[Any] = [asdict(self), asdict(draws), NOISE_VERSION]
        if (complete := self.guidance.complete(folder)) != self.guidance:
            said.append(complete.model_dump(mode="json"))
        told = json.dumps(said, sort_keys=True)
        return hashlib.blake2b(told.encode(), digest_size=10).hexdigest()


@dataclass(frozen=True)
class Draws:
    """What all points of a sweep share, and what their results depend on.

    Attributes:
        weights: the fingerprint of the model.
        weak_weights: that of the weaker model, empty without one.
        n: pictures a point.
        seed: picture k has the seed `seed` + k, at every point.
        real: a digest of the features of the real pictures.
        backend: what made the features.
    """

    weights: str
    weak_weights: str
    n: int
    seed: int
    real: str
    backend: str


def rule_named(said: str) -> Mapping[str, Any]:
    """The values of a rule.

    Raises:
        InputError: the name is unknown, or takes no option.
    """
    name, _, option = said.partition(":")
    if name not in RULES:
        raise InputError("rules", said, "one of " + ", ".join(RULES))
    if option and name not in OPTIONS:
        raise InputError("rules", said, f"{name} alone: it has no option here")
    if name == "auto":
        return {"name": name, "weak_model": "the weaker model of the sweep"}
    if not option:
        return {"name": name}
    return {"name": name, OPTIONS[name]: option if name == "interval" else _number(said, option)}


def gain_named(said: str) -> Mapping[str, Any]:
    """The values of a gain.

    Raises:
        InputError: the name is unknown, or takes no gamma.
    """
    measured, _, refresh = said.partition("/")
    name, _, option = measured.partition(":")
    if name not in GAINS:
        raise InputError("gains", said, "one of " + ", ".join(GAINS))
    values: dict[str, Any] = {"name": name}
    if option and name != "ratio":
        raise InputError("gains", said, f"{name} alone: only ratio has a gamma")
    if option:
        values["gamma"] = option if option == "auto" else _number(said, option)
    if refresh:
        values["refresh"] = _number(said, refresh)
    return values


def _number(said: str, option: str) -> float:
    try:
        return float(option)
    except ValueError as error:
        raise InputError("rules and gains", said, "a name and a number") from error


def grid(
    rules: Sequence[str],
    gains: Sequence[str],
    scales: Sequence[float],
    solvers: Sequence[str],
    steps: Mapping[str, Sequence[int]],
    spacing: str = "trailing",
) -> list[Point]:
    """All combinations, scale by scale, so that a sweep that is cut short has whole comparisons.

    Args:
        rules: as told.
        gains: as told.
        scales: guidance scales; at 1 there is no guidance, and a single point stands for all.
        solvers: names.
        steps: of each gain; those of ``plain`` are also tried at the cost of the others.
        spacing: the time grid.

    Raises:
        InputError: an unknown name, or a value that does not fit.
    """
    found: list[Point] = []
    for scale, solver in product(scales, solvers):
        for rule, gain in product(rules, gains):
            for count in steps.get(gain, steps["plain"]):
                off = scale == 1
                point = Point(
                    "cfg" if off else rule, "plain" if off else gain, scale, solver, count, spacing
                )
                point.guidance  # noqa: B018 (refuses what does not fit)
                found.append(point)
    return list(dict.fromkeys(found))
