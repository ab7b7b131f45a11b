"""The request of a drag, its presets and its methods.

The preset ``warp`` is Yuragi's own method: one warp, and second-order SDE steps in the area that it
uncovers. ``paper`` is SDE-Drag as published (n 200, t0 0.6, r 5 and steps of 2 cells on a latent
of 64 cells, alpha 1.1, beta 0.3, guidance 1 to 3, eta 1). ``fast`` is the same with a quarter of
the levels and a second-order solver on the way down.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, Field, model_validator

from yuragi.errors import InputError
from yuragi.options.one_of import OneOf
from yuragi.options.option import Option
from yuragi.options.values import Finite, Scale, Share, Steps, Strength, Strict
from yuragi.registry import Registry
from yuragi.tasks.base import OnPicture, ToClimb
from yuragi.tasks.geometry import CropMargin, DragGeometry, Pair, Point, Region
from yuragi.tasks.selection import Selection

if TYPE_CHECKING:
    from PIL import Image

    from yuragi.models.model import DiffusionModel
    from yuragi.tasks.context import Context
    from yuragi.tasks.inputs import Pictures
    from yuragi.tasks.result import TaskOutput
    from yuragi.tasks.work import Work

__all__ = ["PRESETS", "DragRequest", "LoRA", "PasteMethod", "WarpMethod"]


class WarpMethod(Strict):
    """One warp, and new noise in doubtful uncovered cells; see `yuragi.drag.imagine`.

    Attributes:
        doubt: the denoising error above which a cell is generated again; 0 selects all cells.
    """

    instead: ClassVar[str] = "what the drag uncovers was filled from its surroundings, not imagined"
    """What is done with a picture that the model does not know."""

    name: Literal["warp"] = "warp"
    doubt: Annotated[Finite, Field(ge=0)] = 0.3

    def check(self, request: DragRequest) -> None:
        from yuragi.edit import climbs
        from yuragi.tasks.samplers import redrawing

        if request.regions and request.motion == "bend":
            raise InputError("motion", "bend", "cut or auto with regions, which are cut out")
        climbs(request.num_inference_steps, request.strength)
        redrawing(request)

    def parts(self, request: DragRequest, model: DiffusionModel) -> int:
        """The number of parts in which the motion is carried out."""
        return 1

    def draws(self, request: DragRequest, context: Context) -> bool:
        """Whether the network may draw anything; a bend uncovers nothing."""
        from yuragi.tasks.warping import area_of

        return area_of(request, context) is not None

    def run(self, requests: Sequence[DragRequest], context: Context) -> list[TaskOutput]:
        from yuragi.tasks.warping import run_warp

        return run_warp(requests, self, context)

    def work(self, request: DragRequest, context: Context) -> Work:
        """The network calls of `run`."""
        from yuragi.tasks.warping import warp_work

        return warp_work(request, context)


class PasteMethod(Strict):
    """SDE-Drag: copy and paste at the noisy level, in sub-drags; see `yuragi.drag.drag`.

    Attributes:
        radius: half the side of a box, as a share of the latent's shorter side.
        step: the length of one sub-drag, as a share of the latent's shorter side.
        gain: the factor alpha on the moved content.
        keep: the share beta of the old content that stays at the source.
    """

    instead: ClassVar[str] = ""
    """What is done with a picture that the model does not know: the same as with any other."""

    name: Literal["paste"] = "paste"
    radius: Annotated[Finite, Field(gt=0, le=0.5)] = 5 / 64
    step: Annotated[Finite, Field(gt=0, le=1)] = 2 / 64
    gain: Annotated[Finite, Field(gt=0, le=10)] = 1.1
    keep: Annotated[Finite, Field(ge=0, le=1)] = 0.3

    def check(self, request: DragRequest) -> None:
        from yuragi.tasks.pasting import drag_settings

        if request.regions:
            reason = f"the preset {request.preset} moves only points"
            advice = "use the preset warp for regions and selections"
            raise InputError("regions", len(request.regions), "", reason, advice)
        for (x, y), target in request.points:
            if (x, y) == target:
                reason = f"the preset {request.preset} cannot hold a point in place"
                advice = "give another target, or use the preset warp"
                raise InputError("points", f"{x:g},{y:g}", "", reason, advice)
        for name in ("motion", "radius", "rigid"):
            if getattr(request, name) != type(request).model_fields[name].default:
                reason = f"the preset {request.preset} moves boxes and does not use it"
                advice = "leave it out, or use the preset warp"
                raise InputError(name, getattr(request, name), "", reason, advice)
        if isinstance(request.crop, int):
            allowed = "auto or off with SDE-Drag, which works on the whole picture"
            raise InputError("crop", request.crop, allowed)
        rule = request.guidance.rule.name
        if rule != "cfg":
            allowed = f"cfg with the preset {request.preset}, which lowers the scale step by step"
            raise InputError("guidance", rule, allowed)
        if getattr(request.guidance.gain, "stress", False):
            allowed = f"False with the preset {request.preset}, which does not measure it"
            raise InputError("stress", True, allowed)
        drag_settings(request, self)

    def parts(self, request: DragRequest, model: DiffusionModel) -> int:
        """The number of sub-drags in which the motion is carried out."""
        from yuragi.tasks.pasting import sub_drags

        return sub_drags(request, self, model)

    def draws(self, request: DragRequest, context: Context) -> bool:
        """Whether the network may draw anything; here it always does."""
        return True

    def run(self, requests: Sequence[DragRequest], context: Context) -> list[TaskOutput]:
        from yuragi.tasks.pasting import run_paste

        return run_paste(requests, self, context)

    def work(self, request: DragRequest, context: Context) -> Work:
        """The network calls of `run`."""
        from yuragi.tasks.pasting import paste_work

        return paste_work(request, self, context)


METHODS: Registry[type[BaseModel]] = Registry(
    "yuragi.drag_methods",
    {"warp": "yuragi.tasks.drag:WarpMethod", "paste": "yuragi.tasks.drag:PasteMethod"},
)


@dataclass(frozen=True)
class Preset:
    """The defaults of a drag that a preset sets.

    Attributes:
        method: the method of the drag.
        solvers: the solver by sampler.
        num_inference_steps: the number of noise levels on the whole time axis.
        strength: the highest noise level t0, as a share of the time axis.
        guidance_scale: the guidance scale.
    """

    method: WarpMethod | PasteMethod
    solvers: Mapping[str, str]
    num_inference_steps: int
    strength: float
    guidance_scale: float


PRESETS: Mapping[str, Preset] = {
    "warp": Preset(
        WarpMethod(),
        {"sde": "sde-dpm++2m", "ode": "dpm++2m", "adaptive": "ddim"},
        num_inference_steps=20,
        strength=0.5,
        guidance_scale=2.0,
    ),
    "paper": Preset(
        PasteMethod(),
        {"sde": "ddpm", "ode": "ddim"},
        num_inference_steps=200,
        strength=0.6,
        guidance_scale=3.0,
    ),
    "fast": Preset(
        PasteMethod(),
        {"sde": "sde-dpm++2m", "ode": "dpm++2m"},
        num_inference_steps=50,
        strength=0.6,
        guidance_scale=3.0,
    ),
}


def _preset(name: str) -> Any:
    """A field whose default the preset sets."""
    return Field(default_factory=lambda data: getattr(PRESETS[data["preset"]], name))


def _solver(data: Mapping[str, Any]) -> str:
    # If an eta is given, the solver is the one that takes an eta.
    return "ddim" if data["eta"] is not None else PRESETS[data["preset"]].solvers[data["sampler"]]


class LoRA(Strict):
    """A LoRA that is fitted to the picture before the drag; see `yuragi.models.lora`.

    Attributes:
        rank: the rank of the LoRA.
        steps: the number of training steps.
        learning_rate: the learning rate of AdamW.
        floor: the scale of the LoRA at t0; at the clean end it is 1.
        seed: the seed of the training. It is not that of the drag, which is drawn anew each time:
            equal pictures, prompts and settings share one LoRA.
    """

    rank: Annotated[
        int,
        Field(ge=1, le=256),
        Option("Rank of the LoRA that --lora fits.", "--lora-rank", advanced=True),
    ] = 16
    steps: Annotated[
        int,
        Field(ge=1, le=10_000),
        Option(
            "Number of training steps of the LoRA that --lora fits.", "--lora-steps", advanced=True
        ),
    ] = 100
    learning_rate: Annotated[
        Finite,
        Field(gt=0, le=1),
        Option(
            "Learning rate (AdamW) of the LoRA that --lora fits.",
            "--lora-learning-rate",
            advanced=True,
        ),
    ] = 2e-4
    floor: Share = 0.5
    seed: Annotated[int, Field(ge=0)] = 0


class DragRequest(OnPicture):
    """A request to drag points or regions of a picture.

    Attributes:
        guidance: the guidance; for SDE-Drag, its rule must be ``cfg``.
        method: the method of the drag and its settings.
    """

    OWN: ClassVar[frozenset[str]] = OnPicture.OWN | {"points", "regions"}
    BESIDE: ClassVar[tuple[type[BaseModel], ...]] = (Selection,)
    title: ClassVar[str] = (
        "Drag the content under points or within regions of a picture to another place."
    )

    kind: Literal["drag"] = "drag"
    points: Annotated[
        tuple[Pair, ...],
        Option(
            "Source point and target point, such as 70,52:70,40.",
            "--point",
            repeated=True,
            unit="pixels",
            metavar="X,Y:X,Y",
        ),
    ] = ()
    regions: Annotated[
        tuple[Region, ...],
        Option(
            "Corners of a polygon and their targets, such as '9,9 40,9 40,40:19,9 50,9 50,40'.",
            "--region",
            repeated=True,
            unit="pixels",
            metavar="'X,Y X,Y X,Y:X,Y X,Y X,Y'",
        ),
    ] = ()
    preset: Annotated[
        Literal["warp", "paper", "fast"],
        Option(
            "Method and its settings: warp (this project's method), paper (SDE-Drag as published), "
            "or fast (SDE-Drag with fewer levels)."
        ),
    ] = "warp"
    solver: Annotated[
        str,
        Field(default_factory=_solver),
        Option(
            "Solver that integrates the denoising process.",
            default="chosen by preset and sampler",
            advanced=True,
        ),
    ]
    num_inference_steps: Annotated[
        Steps,
        _preset("num_inference_steps"),
        Option(
            "Number of noise levels on the whole time axis; the strength decides how many are "
            "used.",
            "--steps",
            default="the preset's",
        ),
    ]
    strength: Annotated[
        Strength,
        _preset("strength"),
        replace(ToClimb, default="the preset's", fitted=False),
    ]
    guidance_scale: Annotated[
        Scale,
        _preset("guidance_scale"),
        Option(
            "Guidance scale: higher values follow the prompt more closely; 1 is off.",
            "--scale",
            default="the preset's",
        ),
    ]
    method: Annotated[WarpMethod | PasteMethod, OneOf("method", METHODS), _preset("method")]
    motion: Annotated[
        Literal["auto", "cut", "bend"],
        Option(
            "How the picture follows: cut moves the thing under the points as a whole and fills in "
            "what was behind it (on a photograph, --mask says where the thing is and where it may "
            "go); bend bends the picture smoothly; auto cuts regions and drawn things on even "
            "ground, and bends everything else."
        ),
    ] = "auto"
    radius: Annotated[
        Finite | None,
        Field(gt=0),
        Option(
            "How far around a point the picture bends with it.",
            unit="pixels",
            default="0.25 of the shorter side (0.4 for one point), or more if points are far apart",
            advanced=True,
        ),
    ] = None
    rigid: Annotated[
        Finite,
        Field(ge=0, le=0.9),
        Option(
            "Share of the radius within which the picture moves as the point does, undistorted.",
            advanced=True,
        ),
    ] = 0.0
    crop: Annotated[
        CropMargin,
        Option(
            "Context in pixels around the area that the model draws, which is scaled to the "
            "model's size; auto chooses it, whole takes the whole picture (both scale only larger "
            "pictures), off uses the whole picture at its own size.",
            unit="pixels",
            metavar="auto|whole|off|MARGIN",
        ),
    ] = "auto"
    lora: Annotated[
        LoRA | None,
        Option("Fit a LoRA to the picture before the drag; it is cached for the next drag."),
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _known(cls, given: Any) -> Any:
        """Refuse a sampler that the preset does not have, before defaults are looked up."""
        preset, sampler = given.get("preset", "warp"), given.get("sampler", "sde")
        if not isinstance(preset, str) or preset not in PRESETS:
            raise InputError("preset", preset, "one of " + ", ".join(PRESETS))
        if not isinstance(sampler, str) or sampler not in PRESETS[preset].solvers:
            allowed = "one of " + ", ".join(PRESETS[preset].solvers)
            raise InputError("sampler", sampler, allowed)
        return given

    @classmethod
    def prepare(
        cls, given: Mapping[str, Any], pictures: Pictures | None
    ) -> tuple[dict[str, Any], Pictures | None]:
        """Convert points and regions to their positions after the picture is resized."""
        given, pictures = super().prepare(given, pictures)
        assert pictures is not None
        handles = {name: given[name] for name in Selection.model_fields if name in given}
        selection = Selection(**handles)
        selection.check(pictures)
        asked: dict[str, Any] = {
            "points": given.get("points", ()),
            "regions": [*given.get("regions", ()), *selection.regions()],
        }
        geometry = DragGeometry(**asked)
        geometry.check(*pictures.size)
        if pictures.picture.size != pictures.size:  # different points can be equal after resizing
            geometry = geometry.moved(pictures.placed)
            geometry.check(*pictures.picture.size)
        values = {name: value for name, value in given.items() if name not in handles}
        if values.get("radius") is not None:
            with suppress(TypeError, ValueError):  # the request refuses invalid values
                share = pictures.picture.width / pictures.size[0]
                values["radius"] = float(values["radius"]) * share
        return {**values, "points": geometry.points, "regions": geometry.regions}, pictures

    def check(self, pictures: Pictures | None) -> None:
        if pictures is not None and pictures.mask is not None:
            DragGeometry(points=self.points, regions=self.regions).check_arrival(pictures.mask)
        super().check(pictures)
        self.method.check(self)

    def without_model(self, sources: Mapping[str, Image.Image]) -> TaskOutput | None:
        asked = any(self.prompts.values()) or "guidance_scale" in self.model_fields_set
        needs = self.lora is not None or self.num_images > 1 or asked
        if needs or not isinstance(self.method, WarpMethod):
            return None

        from yuragi.tasks.dragging import noted
        from yuragi.tasks.idle import idle
        from yuragi.tasks.warping import bent_alone

        made = bent_alone(self, sources)
        return made if made is None else noted(made, made.frames[0], idle(self, draws=False))

    @classmethod
    def run(cls, requests: Sequence[Self], context: Context) -> list[TaskOutput]:
        from yuragi.tasks.dragging import run_drags

        return run_drags(requests, context)

    def work(self, context: Context) -> Work:
        from yuragi.tasks.dragging import drag_work

        return drag_work(self, context)

    def alike(self, model: DiffusionModel) -> Hashable:
        if self.lora is not None:  # the LoRA belongs to this picture
            return self.model_dump_json()
        return super().alike(model), self.method.parts(self, model)

    def if_foreign(self, known: str) -> str:
        return self.method.instead or super().if_foreign(known)

    def seen(self, native: int) -> tuple[int | None, int | None]:
        return (native, native) if self.crops(native) else self.size

    def crops(self, native: int) -> bool:
        """Whether the uncovered area is generated in a crop, by a model of this native size."""
        if self.crop == "off" or self.method.name != "warp":
            return False
        return isinstance(self.crop, int) or max(self.image.width, self.image.height) > native

    def resized(self, pictures: Pictures) -> Self:
        """The same drag for resized pictures."""
        geometry = DragGeometry(points=self.points, regions=self.regions).moved(pictures.placed)
        share = pictures.picture.width / pictures.size[0]
        changes = {
            "image": pictures.reference,
            "mask": pictures.mask_reference,
            "points": geometry.points,
            "regions": geometry.regions,
            "radius": None if self.radius is None else self.radius * share,
        }
        return self.model_copy(update=changes)

    @property
    def moves(self) -> Sequence[tuple[Point, Point]]:
        """All pairs of source and target: the points, and the corners of the regions."""
        corners = [zip(each.source, each.target, strict=True) for each in self.regions]
        return [*self.points, *chain.from_iterable(corners)]

    @property
    def settings(self) -> Mapping[str, object]:
        points = " ".join(f"{a:g},{b:g}:{c:g},{d:g}" for (a, b), (c, d) in self.points)
        return {**super().settings, "Drag points": f'"{points}"'}
