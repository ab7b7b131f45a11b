"""Guidance of a request: a weight rule over noise levels, and a gain."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from yuragi.errors import InputError
from yuragi.options.one_of import OneOf
from yuragi.options.option import Option
from yuragi.options.values import Strict
from yuragi.tasks.guidance.gains import GAINS, Gain, PlainGain
from yuragi.tasks.guidance.rules import RULES, Cfg, Rule

__all__ = ["GAINS", "RULES", "Gain", "Guidance", "Rule"]


class Guidance(Strict):
    """A weight rule and a gain.

    A rule or a gain is given as an object, a name or a mapping. The name of one rule or gain alone,
    such as ``guidance="reg"``, is short for that rule or gain with its defaults.
    """

    rule: Annotated[
        Rule,
        OneOf("guidance", RULES),
        Option("Rule that sets the guidance scale at each noise level.", "--guidance", fitted=True),
    ] = Cfg()
    gain: Annotated[
        Gain,
        OneOf("gain", GAINS),
        Option("Correction that multiplies the guidance direction.", "--gain", fitted=True),
    ] = PlainGain()
    channels: Annotated[int, Field(ge=1)] | None = None
    """Number of leading latent channels to guide; None guides all. DiT's own code guides 3 of 4."""

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, given: Any) -> Any:
        if isinstance(given, int | float):
            reason = "a number is a guidance scale, and this is a rule or a gain"
            raise InputError("guidance", given, "", reason, "give it as the scale (guidance_scale)")
        return _named(given) if isinstance(given, str) else given

    @classmethod
    def of(cls, given: Guidance | str) -> Guidance:
        """Guidance from an object, or from the name of a rule or a gain.

        Raises:
            InputError: the name is unknown.
        """
        return given if isinstance(given, Guidance) else cls(**_named(given))

    @classmethod
    def parts(cls, given: Mapping[str, Any] | str) -> dict[str, Any]:
        """The rule and the gain that are given, from a mapping, or the name of one of them.

        Raises:
            InputError: the name is unknown.
        """
        return _named(given) if isinstance(given, str) else dict(given)

    def complete(self, folder: Path | None) -> Self:
        """Guidance with the data that its gain reads from the model's folder."""
        return self.model_copy(update={"gain": self.gain.complete(folder)})

    def check(self, scale: float) -> None:
        """Refuse a guidance scale that does not fit the gain.

        Raises:
            InputError: the scale is 1 with a gain, or below the lowest scale of the gain.
        """
        if not self.gain.guides:
            return
        scales = self.rule.scales(scale)
        if all(each == 1 for each in scales):
            allowed = f"other than 1 with the gain {self.gain.name}: at 1 there is no guidance"
            raise InputError("guidance_scale", scale, allowed)
        if min(scales) < self.gain.lowest_scale:
            allowed = f"{self.gain.lowest_scale:g} or more with the gain {self.gain.name}"
            raise InputError("guidance_scale", min(scales), allowed)


def _named(name: str) -> dict[str, Any]:
    """The values of guidance for the name of a rule or a gain."""
    if name in RULES:
        return {"rule": name}
    if name in GAINS:
        return {"gain": name}
    raise InputError("guidance", name, "one of " + ", ".join([*RULES, *GAINS]))
