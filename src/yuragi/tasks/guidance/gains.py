"""Options of gains, which multiply the guidance direction at a noise level, such as REG.

A gain is a small class with a name, its options, and `make`, which makes the numerical gain. A
package adds one through the entry point group ``yuragi.gains``; see ``docs/extending.md``.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field, field_validator, model_validator

from yuragi.errors import InputError
from yuragi.options.option import Option
from yuragi.options.values import Finite, Share, Strict
from yuragi.registry import Registry

if TYPE_CHECKING:
    from yuragi.guidance import Gain as Numerical

__all__ = [
    "GAINS",
    "TABLE",
    "Gain",
    "PlainGain",
    "RatioGain",
    "RegForwardGain",
    "RegGain",
    "ScheduledGain",
]

TABLE = "guidance_table.json"
"""The file in a model's folder with the table of the gain ``scheduled``."""

Refresh = Annotated[
    int,
    Field(ge=1, le=1000),
    Option(
        "Measure the gain at every n-th network evaluation only, and reuse it in between.",
        advanced=True,
    ),
]
Stress = Annotated[bool, Option("Also measure over-guidance.", "--stress", advanced=True)]
Separation = tuple[Finite, Finite, Finite]


class Gain(Strict):
    """The base class of gains."""

    name: str

    @abstractmethod
    def make(self) -> Numerical:
        """Make the numerical gain. It has a memory, so make one per trajectory."""

    def complete(self, folder: Path | None) -> Gain:
        """The gain with all data from the model's folder (None if there is no folder).

        Raises:
            InputError: the folder does not contain the data.
        """
        return self

    @property
    def guides(self) -> bool:
        """Whether the gain needs guidance, so that a scale of 1 is an error."""
        return True

    @property
    def lowest_scale(self) -> float:
        """The lowest guidance scale for which the gain is defined."""
        return 0.0


class PlainGain(Gain):
    """Plain guidance, without a correction."""

    name: Literal["plain"] = "plain"
    stress: Stress = False

    def make(self) -> Numerical:
        from yuragi.guidance import Ratio, Unrectified, plain

        return Unrectified(Ratio()) if self.stress else plain

    @property
    def guides(self) -> bool:
        return self.stress

    @property
    def lowest_scale(self) -> float:
        return 1.0 if self.stress else 0.0


class RegGain(Gain):
    """REG as published: the row sums of the Jacobian by a reverse product (REG, eq. 14)."""

    name: Literal["reg"] = "reg"
    refresh: Refresh = 1

    def make(self) -> Numerical:
        from yuragi.guidance import RowSum

        return _refreshed(RowSum(), self.refresh)


class RegForwardGain(Gain):
    """REG without gradients: the row sums by a difference of two evaluations."""

    name: Literal["reg_forward"] = "reg_forward"
    refresh: Refresh = 1

    def make(self) -> Numerical:
        from yuragi.guidance import RowSumForward

        return _refreshed(RowSumForward(), self.refresh)


class RatioGain(Gain):
    """The ratio of the slopes of both sides along the guidance direction."""

    name: Literal["ratio"] = "ratio"
    gamma: Annotated[
        Share | Separation,
        Option(
            "Exponent of additional damping, 0 to 1; higher values suit classes that are far "
            "apart. auto chooses it from the measured slopes.",
            metavar="NUMBER|auto",
            advanced=True,
        ),
    ] = 0.0
    reach: Annotated[
        Finite,
        Field(ge=0, le=100),
        Option(
            "Longest secant over which slopes are measured; 0 uses tangents.",
            unit="sigma",
            advanced=True,
        ),
    ] = 1.0
    refresh: Refresh = 1
    stress: Stress = False

    @field_validator("gamma", mode="before")
    @classmethod
    def _chosen_by_itself(cls, value: Any) -> Any:
        if value != "auto":
            return value
        from yuragi.guidance import SeparationGamma

        auto = SeparationGamma()
        return (auto.low, auto.high, auto.top)

    def make(self) -> Numerical:
        from yuragi.guidance import Ratio, SeparationGamma

        gamma = SeparationGamma(*self.gamma) if isinstance(self.gamma, tuple) else self.gamma
        return _refreshed(Ratio(gamma, self.reach), self.refresh)

    @property
    def lowest_scale(self) -> float:
        return 1.0


class ScheduledGain(Gain):
    """A table of factors over noise levels, measured once for a model."""

    name: Literal["scheduled"] = "scheduled"
    table: Annotated[tuple[tuple[Finite, Finite], ...], Field(min_length=2)] | None = None
    stress: Stress = False

    @model_validator(mode="after")
    def _rising(self) -> ScheduledGain:
        levels = [level for level, _ in self.table or ()]
        if levels != sorted(set(levels)) or any(min(row) <= 0 for row in self.table or ()):
            raise InputError("table", self.table, "rising levels, and values above 0")
        return self

    def complete(self, folder: Path | None) -> Gain:
        if self.table is not None:
            return self
        path = Path(TABLE) if folder is None else folder / TABLE
        if folder is None or not path.is_file():
            allowed = f"a gain other than scheduled: there is no {TABLE} in {folder}"
            raise InputError("gain", self.name, allowed)
        try:
            return self.model_copy(
                update={"table": ScheduledGain(table=json.loads(path.read_text("utf-8"))).table}
            )
        except ValueError as error:
            raise InputError("gain", str(path), "pairs of sigma / alpha and rho") from error

    def make(self) -> Numerical:
        from yuragi.guidance import Scheduled

        return Scheduled(*zip(*(self.table or ()), strict=True))

    @property
    def lowest_scale(self) -> float:
        return 1.0


def _refreshed(gain: Numerical, every: int) -> Numerical:
    from yuragi.guidance import Refresh

    return Refresh(gain, every) if every > 1 else gain


_HERE = "yuragi.tasks.guidance.gains"
GAINS: Registry[type[BaseModel]] = Registry(
    "yuragi.gains",
    {
        "plain": f"{_HERE}:PlainGain",
        "reg": f"{_HERE}:RegGain",
        "reg_forward": f"{_HERE}:RegForwardGain",
        "ratio": f"{_HERE}:RatioGain",
        "scheduled": f"{_HERE}:ScheduledGain",
    },
)
"""All gains by name."""
