"""How a request uses its guidance scale."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from yuragi.recipe.values import Finite, Share, Strict, refusal

__all__ = ["GuidanceRule"]

Separation = tuple[Finite, Finite, Finite]


class GuidanceRule(Strict):
    """How the guidance scale is used: which weight over noise levels, and which gain.

    Attributes:
        rule: ``cfg`` the same scale at every level; ``linear`` from `start` to the scale;
            ``cosine`` from off to the scale; ``interval`` only between two noise levels; ``auto``
            autoguidance, away from a weaker model under the same prompt.
        interval: for ``interval``: lowest and highest sigma / alpha that is guided.
        steps: instead of `interval`: first and last share of the steps that is guided, 0 to 1.
        start: for ``linear``: the scale at the first step.
        power: for ``cosine``: higher starts later.
        weak_model: for ``auto``: name or path of the weaker model.
        gain: ``plain``; ``reg`` (the paper, with gradients); ``reg_forward`` (the same without);
            ``ratio`` (from two slopes); ``scheduled`` (from the model's own table).
        gamma: for ``ratio``: 0 (the default) to 1 for classes well apart; ``auto`` chooses it at
            every level from what is measured. In a complete request ``auto`` has become the three
            numbers of `yuragi.guidance.SeparationGamma`.
        reach: for ``ratio``: longest secant, in units of sigma; 0 for tangents.
        table: for ``scheduled``: pairs of sigma / alpha and rho; by default the model's own.
        channels: guide the first so many latent channels only; 3 agrees with DiT's own code. By
            default all.
        refresh: measure the gain at every so many evaluations; not for ``plain``, ``scheduled``.
        stress: also measure over-guidance; see `yuragi.guidance.stress`. Costs what ``ratio`` does
            where the gain is ``plain``; not with ``reg`` and ``reg_forward``.

    Raises:
        InputError: a value that is not allowed, or that does not belong to the rule or the gain.
    """

    rule: Literal["cfg", "linear", "cosine", "interval", "auto"] = "cfg"
    interval: tuple[Annotated[Finite, Field(ge=0)], Annotated[Finite, Field(gt=0)]] | None = None
    steps: tuple[Share, Share] | None = None
    start: Annotated[Finite, Field(ge=0, le=100)] | None = None
    power: Annotated[Finite, Field(gt=0, le=100)] | None = None
    weak_model: str | None = None
    gain: Literal["plain", "reg", "reg_forward", "ratio", "scheduled"] = "plain"
    gamma: Annotated[Finite, Field(ge=0, le=1)] | Literal["auto"] | Separation | None = None
    reach: Annotated[Finite, Field(ge=0, le=100)] | None = None
    table: Annotated[tuple[tuple[Finite, Finite], ...], Field(min_length=2)] | None = None
    channels: Annotated[int, Field(ge=1)] | None = None
    refresh: Annotated[int, Field(ge=1, le=1000)] = 1
    stress: bool = False

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise refusal(error, values) from error

    @model_validator(mode="after")
    def _options_fit(self) -> Self:
        belongs = {"interval": "interval", "steps": "interval", "start": "linear"}
        for name, rule in (belongs | {"power": "cosine", "weak_model": "auto"}).items():
            if getattr(self, name) is not None and self.rule != rule:
                raise ValueError(f"{name}: only with the rule {rule}")
        if self.interval is not None and self.steps is not None:
            raise ValueError("steps: without an interval of sigma / alpha")
        bounds = self.interval or self.steps
        if self.rule == "interval" and (bounds is None or bounds[0] >= bounds[1]):
            name = "interval" if self.steps is None else "steps"
            raise ValueError(f"{name}: two values, the first below the second")
        if self.rule == "auto" and self.weak_model is None:
            raise ValueError("weak_model: needed by the rule auto")
        for name in ("gamma", "reach"):
            if getattr(self, name) is not None and self.gain != "ratio":
                raise ValueError(f"{name}: only with the gain ratio")
        if self.table is not None and self.gain != "scheduled":
            raise ValueError("table: only with the gain scheduled")
        levels = [level for level, _ in self.table or ()]
        if levels != sorted(set(levels)) or any(min(row) <= 0 for row in self.table or ()):
            raise ValueError("table: rising levels, and values above 0")
        if self.refresh > 1 and self.gain in ("plain", "scheduled"):
            raise ValueError(f"refresh: the gain {self.gain} measures nothing")
        if self.stress and self.gain in ("reg", "reg_forward"):
            raise ValueError(f"stress: the gain {self.gain} measures no slopes")
        return self
