"""Weight rules, which set the guidance scale at each noise level.

A rule is a small class with a name, its options, and `weight`, which makes the numerical rule. A
package adds one through the entry point group ``yuragi.rules``; see ``docs/extending.md``.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field, model_validator

from yuragi.errors import InputError
from yuragi.options.option import Option
from yuragi.options.values import Finite, Scale, Share, Strict
from yuragi.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

    from yuragi.core import Schedule
    from yuragi.guidance import Weight

__all__ = ["RULES", "Auto", "Cfg", "Cosine", "Interval", "Linear", "Rule"]


class Rule(Strict):
    """The base class of weight rules."""

    name: str

    @abstractmethod
    def weight(self, scale: float, schedule: Schedule, times: Tensor) -> Weight:
        """The weight on a grid of times, for a guidance scale.

        Args:
            scale: the guidance scale; 1 is off.
            schedule: the schedule of the model.
            times: the times [n + 1] in float64, from noise to the clean end.
        """

    def scales(self, scale: float) -> Sequence[float]:
        """The lowest and highest scales of the rule, for checks."""
        return (scale,)

    def is_off(self, scale: float) -> bool:
        """Whether there is no guidance at any noise level."""
        return all(each == 1 for each in self.scales(scale))

    @property
    def weaker(self) -> str | None:
        """The name or path of the weaker model that guidance pushes away from, if any."""
        return None


class Cfg(Rule):
    """The same scale at every noise level."""

    name: Literal["cfg"] = "cfg"

    def weight(self, scale: float, schedule: Schedule, times: Tensor) -> Weight:
        from yuragi.guidance import constant

        return constant(scale)


class Linear(Rule):
    """The scale changes linearly from a start to its full value."""

    name: Literal["linear"] = "linear"
    start: Annotated[Scale, Option("Guidance scale at the first step.", advanced=True)] = 1.0

    def weight(self, scale: float, schedule: Schedule, times: Tensor) -> Weight:
        from yuragi.guidance import by_step, linear

        return linear(by_step(schedule, times), scale, self.start)

    def scales(self, scale: float) -> Sequence[float]:
        return (self.start, scale)


class Cosine(Rule):
    """The scale rises from 1 to its full value along a power of a cosine."""

    name: Literal["cosine"] = "cosine"
    power: Annotated[
        Finite,
        Field(gt=0, le=100),
        Option("Power of the cosine; higher values start the guidance later.", advanced=True),
    ] = 1.0

    def weight(self, scale: float, schedule: Schedule, times: Tensor) -> Weight:
        from yuragi.guidance import by_step, cosine

        return cosine(by_step(schedule, times), scale, self.power)


Bounds = tuple[Annotated[Finite, Field(ge=0)], Annotated[Finite, Field(gt=0)]]


class Interval(Rule):
    """The full scale between two noise levels, and no guidance outside them."""

    name: Literal["interval"] = "interval"
    interval: Annotated[
        Bounds | None,
        Option(
            "Noise levels to guide: lowest and highest sigma / alpha, such as 0.28:2.9, or shares "
            "of the steps, such as 20%:80%.",
            metavar="LOW:HIGH",
        ),
    ] = None
    shares: tuple[Share, Share] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, values: Any) -> Any:
        """Convert ``"0.28:2.9"`` and ``"20%:80%"`` to bounds."""
        text = values.get("interval")
        if not isinstance(text, str):
            return values
        percent = text.count("%") == 2
        try:
            low, high = (float(x.removesuffix("%" if percent else "")) for x in text.split(":"))
        except ValueError as error:
            allowed = "LOW:HIGH, two values of sigma / alpha, or two percentages of the steps"
            raise InputError("interval", text, allowed) from error
        if not 0 <= low < high or (percent and high > 100):
            allowed = "two values from 0 on, the first below the second; percentages up to 100"
            raise InputError("interval", text, allowed)
        found = {"shares": (low / 100, high / 100)} if percent else {"interval": (low, high)}
        return {k: v for k, v in values.items() if k != "interval"} | found

    @model_validator(mode="after")
    def _one_pair(self) -> Interval:
        given = [pair for pair in (self.interval, self.shares) if pair is not None]
        if len(given) != 1 or given[0][0] >= given[0][1]:
            allowed = "two values, the first below the second, either as levels or as shares"
            raise InputError("interval", given[0] if len(given) == 1 else None, allowed)
        return self

    def weight(self, scale: float, schedule: Schedule, times: Tensor) -> Weight:
        from yuragi.guidance import by_step, interval

        if self.shares is not None:
            return interval(scale, *self.shares, by_step(schedule, times))
        assert self.interval is not None
        return interval(scale, *self.interval)


class Auto(Rule):
    """Autoguidance: push away from a weaker model under the same prompt."""

    name: Literal["auto"] = "auto"
    weak_model: Annotated[
        str,
        Option(
            "Name or path of the weaker model that guidance pushes away from.",
            metavar="NAME|PATH",
            advanced=True,
        ),
    ]

    def weight(self, scale: float, schedule: Schedule, times: Tensor) -> Weight:
        from yuragi.guidance import constant

        return constant(scale)

    @property
    def weaker(self) -> str | None:
        return self.weak_model


_HERE = "yuragi.tasks.guidance.rules"
RULES: Registry[type[BaseModel]] = Registry(
    "yuragi.rules",
    {
        "cfg": f"{_HERE}:Cfg",
        "linear": f"{_HERE}:Linear",
        "cosine": f"{_HERE}:Cosine",
        "interval": f"{_HERE}:Interval",
        "auto": f"{_HERE}:Auto",
    },
)
"""All weight rules by name."""
