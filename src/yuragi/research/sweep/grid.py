"""The points of a sweep, rule x gain x scale x interval x solver x steps, each with its own key.

A rule is written as on the command line, by its name and an option such as the bounds of an
interval or the power of a cosine: ``cfg``, ``interval:0.28:2.9``, ``linear``, ``linear:2``,
``cosine:2`` or ``auto``, whose weaker model all points of a sweep share. A gain is written by its
name: ``plain``, ``reg``, ``reg_forward`` or ``ratio``. A gamma can follow, as in ``ratio:0.25``,
and the number of evaluations that share a measured gain, as in ``reg/4`` and ``ratio:0.25/4``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from yuragi.core import NOISE_VERSION
from yuragi.errors import InputError
from yuragi.solver import solvers as SOLVERS
from yuragi.tasks.guidance import GAINS, RULES, Guidance

__all__ = ["Draws", "Point", "gain_named", "grid", "rule_named"]

OPTIONS = {"interval": "interval", "linear": "start", "cosine": "power"}
"""The option that may follow the name of a rule."""


@dataclass(frozen=True)
class Point:
    """One setting.

    Attributes:
        rule: the weight rule, as written on the command line.
        gain: the gain, as written on the command line.
        scale: the guidance scale; 1 is off.
        solver: a name in `yuragi.solver.solvers`.
        steps: the number of solver steps.
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
        """The rule and the gain as objects of the library.

        Raises:
            InputError: a name is unknown, or an option does not fit.
        """
        rule = _valid("rules", self.rule, {"rule": rule_named(self.rule)}).rule
        gain = _valid("gains", self.gain, {"gain": gain_named(self.gain)}).gain
        return Guidance(rule=rule, gain=gain)

    def check(self, scale: str) -> None:
        """Check the rule, the gain and the scale.

        Args:
            scale: the name of the argument with the scale, for errors.

        Raises:
            InputError: a name is unknown, an option does not fit, or the gain refuses the scale.
        """
        guidance = self.guidance
        try:
            guidance.check(self.scale)
        except InputError as error:
            raise error.called(scale) from error

    @property
    def arm(self) -> str:
        """The settings that are constant along a front: all except the scale."""
        gain = "" if self.gain == "plain" else f" + {self.gain}"
        return f"{self.rule}{gain} ({self.solver} x{self.steps})"

    def key(self, draws: Draws, folder: Path | None) -> str:
        """A key of all that determines the result, with any table from the model's folder."""
        said: list[Any] = [asdict(self), asdict(draws), NOISE_VERSION]
        if (complete := self.guidance.complete(folder)) != self.guidance:
            said.append(complete.model_dump(mode="json"))
        told = json.dumps(said, sort_keys=True)
        return hashlib.blake2b(told.encode(), digest_size=10).hexdigest()


@dataclass(frozen=True)
class Draws:
    """The settings that all points of a sweep share and that determine their results.

    Attributes:
        weights: the fingerprint of the model.
        weak_weights: the fingerprint of the weaker model; empty if there is none.
        n: the number of pictures per point.
        seed: the first seed; picture k has the seed `seed` + k at every point.
        prompts: a digest of the prompts of the pictures.
        real: a digest of the pixels of the real pictures.
        backend: the feature extractor.
        backend_weights: the fingerprint of its weights.
        judge: the fingerprint of the judge; empty if there is none.
        halves: the number of random halves of the pictures that are measured; 0 if there are none.
    """

    weights: str
    weak_weights: str
    n: int
    seed: int
    prompts: str
    real: str
    backend: str
    backend_weights: str
    judge: str
    halves: int

    @property
    def of_a_picture(self) -> Draws:
        """The settings without those that decide which pictures there are and how to compare them.

        They determine the features of picture k, apart from its prompt.
        """
        return replace(self, n=0, prompts="", real="", halves=0)


def rule_named(said: str) -> Mapping[str, Any]:
    """The values of a rule.

    Raises:
        InputError: the name is unknown, or the rule takes no option.
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
    value = option if name == "interval" else _number("rules", said, option)
    return {"name": name, OPTIONS[name]: value}


def gain_named(said: str, argument: str = "gains") -> Mapping[str, Any]:
    """The values of a gain; the argument is named in errors.

    Raises:
        InputError: the name is unknown, or the gain takes no gamma.
    """
    measured, _, refresh = said.partition("/")
    name, _, option = measured.partition(":")
    if name not in GAINS:
        raise InputError(argument, said, "one of " + ", ".join(GAINS))
    values: dict[str, Any] = {"name": name}
    if option and name != "ratio":
        raise InputError(argument, said, f"{name} alone: only ratio has a gamma")
    if option:
        values["gamma"] = option if option == "auto" else _number(argument, said, option)
    if refresh:
        values["refresh"] = _number(argument, said, refresh)
    return values


def _number(argument: str, said: str, option: str) -> float:
    try:
        return float(option)
    except ValueError as error:
        raise InputError(argument, said, "a name and a number") from error


def _valid(argument: str, said: str, values: Mapping[str, Any]) -> Guidance:
    """Guidance with a rule or a gain; errors name the argument and what was written for it."""
    try:
        return Guidance(**values)
    except InputError as error:
        raise InputError(argument, said, error.allowed, error.reason, error.advice) from error


def grid(
    rules: Sequence[str],
    gains: Sequence[str],
    scales: Sequence[float],
    solvers: Sequence[str],
    steps: Mapping[str, Sequence[int]],
    spacing: str = "trailing",
) -> list[Point]:
    """All combinations, scale by scale, so that an interrupted sweep has complete comparisons.

    Args:
        rules: the rules, as written on the command line.
        gains: the gains, as written on the command line.
        scales: the guidance scales; at 1 there is no guidance, and one point represents all.
        solvers: the names of the solvers.
        steps: the step counts of each gain; those of ``plain`` include counts at the cost of the
            other gains. ``ratio:0.25`` and ``ratio/4`` have those of ``ratio`` if they have none of
            their own, and a gain without any has those of ``plain``.
        spacing: the time grid.

    Raises:
        InputError: a name is unknown, or a value does not fit.
    """
    for name in solvers:
        if name not in SOLVERS:
            raise InputError("solvers", name, "one of " + ", ".join(SOLVERS))
    for gain, counts in steps.items():
        gain_named(gain, "steps")
        for count in counts:
            if not 1 <= count <= 1000:
                raise InputError("steps", count, "1 to 1000")
    for scale in scales:
        if not 0 <= scale <= 100:
            raise InputError("scales", scale, "0 to 100")
    found: list[Point] = []
    for scale, solver in product(scales, solvers):
        for rule, gain in product(rules, gains):
            for count in _steps_of(gain, steps):
                off = scale == 1
                point = Point(
                    "cfg" if off else rule, "plain" if off else gain, scale, solver, count, spacing
                )
                point.check("scales")
                found.append(point)
    return list(dict.fromkeys(found))


def _steps_of(gain: str, steps: Mapping[str, Sequence[int]]) -> Sequence[int]:
    return next(steps[key] for key in (gain, gain_named(gain)["name"], "plain") if key in steps)
