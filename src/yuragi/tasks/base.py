"""What every request is: everything that decides a result, as plain validated values.

A request is complete as soon as it exists: presets are resolved into numbers, the seed is drawn,
and pictures are named by the digest of their pixels. So the same request on the same model gives
the same result, whatever the defaults of a later version are.

Each class is the only list of its options (see `yuragi.options.option`). Modules of requests import
only pydantic at the top, so that the command line starts quickly; what computes is imported where
it runs.
"""

from __future__ import annotations

import secrets
from abc import abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, Field

from yuragi.errors import InputError
from yuragi.options.option import Option
from yuragi.options.values import Count, Eta, Scale, Steps, Strength, Strict
from yuragi.tasks.guidance import Guidance
from yuragi.tasks.picture import Mask, Picture, PictureRef
from yuragi.tasks.places import Point

if TYPE_CHECKING:
    from yuragi.edit import Sampler
    from yuragi.models.model import DiffusionModel
    from yuragi.solver import Solver
    from yuragi.tasks.context import Context
    from yuragi.tasks.inputs import Pictures
    from yuragi.tasks.result import Made

__all__ = [
    "Climb",
    "Described",
    "Edit",
    "Guided",
    "Levels",
    "OnPicture",
    "Pull",
    "Request",
    "Shown",
    "ToClimb",
]

Sampling = Literal["sde", "ode", "adaptive"]
Shown = Annotated[str, Option("What the result shows.")]
Pull = Annotated[Scale, Option("How strongly the prompt pulls; 1 is off.", "--scale")]
Levels = Annotated[
    Steps, Option("Levels over the whole time axis; strength says how many are used.", "--steps")
]
ToClimb = Option(
    "Share of the time axis to climb: higher is more realistic and less faithful.", also="--t0"
)
Climb = Annotated[Strength, ToClimb]


class Request(Strict):
    """What every task has.

    A task is a subclass with the field ``kind``, its options, and `run`.
    """

    title: ClassVar[str]
    """What the task does, in one sentence."""

    OWN: ClassVar[frozenset[str]] = frozenset(
        ("prompt", "source_prompt", "seed", "image", "mask", "num_images")
    )
    """Options that may differ between the rows of one batch."""

    BESIDE: ClassVar[tuple[type[BaseModel], ...]] = ()
    """Classes of further options, which `prepare` turns into the request's own."""

    kind: str
    model: Annotated[
        str, Option("Name of a model, or the path of a pipeline.", metavar="NAME|PATH")
    ] = "portraits"
    prompt: Shown = ""
    negative_prompt: Annotated[str, Option("What the result should stay away from.")] = ""
    seed: Annotated[
        int,
        Field(ge=0, lt=2**63, default_factory=lambda: secrets.randbelow(2**32)),
        Option(
            "Number that decides all random choices.",
            default="drawn at random, and shown",
        ),
    ]

    @classmethod
    def prepare(
        cls, given: Mapping[str, Any], pictures: Pictures | None
    ) -> tuple[dict[str, Any], Pictures | None]:
        """What the caller gave and the pictures, changed so that the request can be built.

        Raises:
            InputError: a value that the task cannot take.
        """
        return dict(given), pictures

    def complete(self, folder: Path | None) -> Self:
        """The request with everything that it takes from its model's folder (None: no folder).

        Raises:
            InputError: something that it needs is not there.
        """
        return self

    def check(self, pictures: Pictures | None) -> None:
        """Refuse what fields cannot check one by one. No model has been loaded.

        Raises:
            InputError: a value that is not allowed.
        """

    @classmethod
    @abstractmethod
    def run(cls, requests: Sequence[Self], context: Context) -> list[Made]:
        """Make the pictures of requests that are alike (`alike`), and give them back in order.

        Raises:
            InputError: a value that does not fit the model or the pictures.
        """

    def alike(self, model: DiffusionModel) -> Hashable:
        """Requests of one model with equal values run in the same batches.

        By default these are requests of one class whose options differ only in `OWN`.
        """
        shared = self.model_dump_json(exclude=set(self.OWN))
        return type(self), shared, self.size, getattr(self, "mask", None) is None

    @property
    def weak_model(self) -> str | None:
        """Name or path of a second, weaker model that the request needs; None for none."""
        return None

    @property
    def pictures(self) -> Sequence[PictureRef]:
        """The pictures and masks that the request names."""
        return [each for _, each in self if isinstance(each, PictureRef)]

    @property
    def prompts(self) -> Mapping[str, str]:
        """What the model is told in words, by option."""
        return {"prompt": self.prompt, "negative_prompt": self.negative_prompt}

    def unused(self, model: DiffusionModel) -> list[str]:
        """What the caller gave that has no effect on this model, a sentence each."""
        from yuragi.tasks.words import unknown_words

        notes = [note for each in self.pictures for note in each.notes]
        return [*notes, *unknown_words(self, model)]

    @property
    def settings(self) -> Mapping[str, object]:
        """Settings for people, in the words that AUTOMATIC1111 made common."""
        return {}

    @property
    def size(self) -> tuple[int | None, int | None]:
        """Height and width of the pictures in pixels; None for the model's own."""
        return None, None


class Guided(Request):
    """Requests that a solver and guidance carry out."""

    guidance: Guidance = Guidance()
    eta: Annotated[
        Eta,
        Option("Noise of the solver ddim: 0 is the ODE, 1 the SDE, at most 1.5.", advanced=True),
    ] = None
    if TYPE_CHECKING:  # each task has these fields, with defaults of its own
        num_inference_steps: int
        guidance_scale: float
        solver: str

    def complete(self, folder: Path | None) -> Self:
        return self.model_copy(update={"guidance": self.guidance.complete(folder)})

    def check(self, pictures: Pictures | None) -> None:
        self.guidance.check(self.guidance_scale)
        if self.weak_model is not None and self.negative_prompt:
            allowed = "empty with --guidance auto: the weaker model is what to stay away from"
            raise InputError("negative_prompt", self.negative_prompt, allowed)
        self.make_solver()

    def make_solver(self) -> Solver:
        """The solver that the request names.

        Raises:
            InputError: an unknown name, or an eta that it has no use for.
        """
        from yuragi.solver import make_solver

        return make_solver(self.solver, self.eta, steps=self.num_inference_steps)

    def unused(self, model: DiffusionModel) -> list[str]:
        found = super().unused(model)
        off, empty = self.guidance_scale == 1, not (self.prompt or self.negative_prompt)
        usual = type(self).model_fields["guidance_scale"].default
        asked = "guidance_scale" in self.model_fields_set and self.guidance_scale not in (1, usual)
        known = model.capabilities
        if asked and self.weak_model is None and not known.text and known.classes is None:
            found.append(
                "the guidance scale is not used: the model knows neither words nor classes"
            )
        elif asked and self.weak_model is None and empty:
            found.append("the guidance scale is not used: there is no prompt to guide by")
        if off and self.negative_prompt:
            found.append("the negative prompt is not used: guidance is off at scale 1")
        return found

    @property
    def weak_model(self) -> str | None:
        return self.guidance.rule.weaker

    @property
    def settings(self) -> Mapping[str, object]:
        rule = self.guidance.model_dump(exclude_defaults=True)
        more = {"Guidance": f'"{rule}"'} if rule else {}
        return {
            "Steps": self.num_inference_steps,
            "Sampler": self.solver,
            "CFG scale": f"{self.guidance_scale:g}",
            "Seed": self.seed,
            **more,
        }


def _fitting_solver(data: Mapping[str, Any]) -> str:
    """DDIM for the ODE, ancestral sampling for the SDE; an eta asks for the solver that has one."""
    noisy = data.get("sampler") == "sde" and data.get("eta") is None
    return "ddpm" if noisy else "ddim"


class OnPicture(Guided):
    """Requests that change a picture."""

    image: Annotated[
        Picture,
        Option("Picture to edit (PNG, JPEG, WebP, ...).", metavar="IMAGE", positional=True),
    ]
    mask: Annotated[
        Mask | None,
        Option("Picture of the same size: white may change, black stays as it is.", metavar="PATH"),
    ] = None
    sampler: Annotated[
        Sampling, Option("sde (with noise), ode (without), or adaptive (noise where needed).")
    ] = "sde"
    num_images: Annotated[Count, Option("How many candidates to make.", "--number", "-n")] = 1
    if TYPE_CHECKING:
        strength: float

    @property
    def size(self) -> tuple[int | None, int | None]:
        return self.image.height, self.image.width

    @property
    def moves(self) -> Sequence[tuple[Point, Point]]:
        """Places that move and where they go, (x, y) in pixels; none but in a drag."""
        return ()

    @property
    def settings(self) -> Mapping[str, object]:
        named = super().settings
        return {
            **named,
            "Sampler": f"{self.solver} ({self.sampler} {self.kind})",
            "Denoising strength": f"{self.strength:g}",
        }


class Edit(OnPicture):
    """Edits of a picture by words."""

    num_inference_steps: Levels = 50
    strength: Climb = 0.6
    guidance_scale: Pull = 3.0
    solver: Annotated[
        str,
        Field(default_factory=_fitting_solver),
        Option("Name of the solver.", default="chosen by the sampler", advanced=True),
    ]

    def check(self, pictures: Pictures | None) -> None:
        from yuragi.edit import climbs

        super().check(pictures)
        climbs(self.num_inference_steps, self.strength)
        self.way()

    @abstractmethod
    def way(self) -> Sampler:
        """The way up in noise and down again; the table is in `yuragi.edit.edit`.

        Raises:
            InputError: a solver, an eta or an option that does not fit the sampler.
        """

    @classmethod
    def run(cls, requests: Sequence[Self], context: Context) -> list[Made]:
        from yuragi.tasks.editing import run_edit

        return run_edit(requests, context)


class Described(Edit):
    """Edits that are also told what the picture shows now."""

    source_prompt: Annotated[str, Option("What the picture shows now.")]
    source_guidance_scale: Annotated[
        Scale,
        Option(
            "Guidance scale under the source prompt; 1 is off.", "--source-scale", advanced=True
        ),
    ] = 1.0

    @property
    def prompts(self) -> Mapping[str, str]:
        return {"source_prompt": self.source_prompt, **super().prompts}

    def check(self, pictures: Pictures | None) -> None:
        if not self.source_prompt.strip():
            allowed = "a description of what the picture shows now"
            raise InputError("source_prompt", self.source_prompt, allowed)
        super().check(pictures)
