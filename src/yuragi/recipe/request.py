"""Requests: everything that decides a result, as plain validated values.

A request is complete: presets are already resolved into numbers, the seed is drawn, pictures are
named by the digest of their pixels. So the same request on the same model gives the same result,
whatever the defaults of a later version are. This module imports only pydantic and errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from yuragi.errors import InputError

__all__ = [
    "DragRequest",
    "GuidanceRule",
    "PictureRef",
    "Request",
    "SampleRequest",
    "parse_request",
    "refusal",
]

Finite = Annotated[float, Field(allow_inf_nan=False)]
Steps = Annotated[int, Field(ge=1, le=1000)]
Scale = Annotated[Finite, Field(ge=0, le=100)]
Eta = Annotated[Finite, Field(ge=0, le=1)] | None
Point = tuple[Finite, Finite]


def refusal(error: ValidationError, values: Mapping[str, object]) -> InputError:
    """The first thing that pydantic refused among `values`, as our own error."""
    first = error.errors()[0]
    if not first["loc"]:  # a rule over several values; its message names the first
        name, allowed = first["msg"].removeprefix("Value error, ").split(": ", 1)
        return InputError(name, values.get(name), allowed)
    name = str(first["loc"][0])
    allowed = first["msg"].removeprefix("Input should be ").removeprefix("a valid ")
    return InputError(name, values.get(name), allowed)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PictureRef(_Strict):
    """A picture by its content.

    Attributes:
        name: file name without folders, for people.
        digest: of mode, size and pixels; see `yuragi.recipe.pictures.digest`.
        width: in pixels.
        height: in pixels.
    """

    name: str
    digest: str
    width: int
    height: int


Separation = tuple[Finite, Finite, Finite]
Share = Annotated[Finite, Field(ge=0, le=1)]


class GuidanceRule(_Strict):
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


class _Base(_Strict):
    model: str
    prompt: str
    negative_prompt: str = ""
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    guidance_scale: Scale
    guidance: GuidanceRule = GuidanceRule()
    num_inference_steps: Steps
    solver: str
    eta: Eta = None


class SampleRequest(_Base):
    """Draw pictures from a prompt.

    Attributes:
        guidance_scale: 1 is off.
        eta: scales the standard deviation of the solver `ddim`; None leaves every solver as is.
        num_images: how many; picture k depends on (seed, k) alone.
        width: in pixels; None for the model's own size.
        height: likewise.
        latents: digest of start noise given by the caller, which a replay must be given again.
    """

    kind: Literal["sample"] = "sample"
    num_images: Annotated[int, Field(ge=1, le=10_000)] = 1
    width: Annotated[int, Field(ge=1)] | None = None
    height: Annotated[int, Field(ge=1)] | None = None
    timestep_spacing: str
    latents: str | None = None


class DragRequest(_Base):
    """Drag points of a picture.

    Attributes:
        sampler: ``sde`` follows the forward chain (Cycle-SDE), ``ode`` inverts the ODE.
        preset: where the numbers came from; it decides nothing.
        guidance_scale: at t0; ramps down to 1 at the clean end, so the rule is always ``cfg``.
        strength: t0, the share of the time axis to climb.
        radius: half the side of a box, as a share of the latent's shorter side.
        step: length of one sub-drag, likewise.
        gain: alpha, factor on the moved content.
        keep: beta, share of the old content that stays at the source.
        image: the picture to edit.
        mask: white where it may change; None for everywhere.
        points: pairs of source and target, (x, y) in pixels.
    """

    kind: Literal["drag"] = "drag"
    sampler: Literal["sde", "ode"]
    preset: str
    strength: Annotated[Finite, Field(gt=0, le=1)]
    radius: Annotated[Finite, Field(gt=0, le=0.5)]
    step: Annotated[Finite, Field(gt=0, le=1)]
    gain: Annotated[Finite, Field(gt=0, le=10)]
    keep: Annotated[Finite, Field(ge=0, le=1)]
    image: PictureRef
    mask: PictureRef | None = None
    points: Annotated[tuple[tuple[Point, Point], ...], Field(min_length=1)]


Request = Annotated[SampleRequest | DragRequest, Field(discriminator="kind")]

_ADAPTER: TypeAdapter[SampleRequest | DragRequest] = TypeAdapter(Request)


def parse_request(text: str) -> SampleRequest | DragRequest:
    """Read a request from JSON.

    Raises:
        ValueError: it is not one.
    """
    return _ADAPTER.validate_json(text)
