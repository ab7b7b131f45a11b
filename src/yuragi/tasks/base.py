"""Base classes of requests. A request contains everything that determines its result.

A request is complete when it is created: presets are resolved into numbers, the seed is drawn, and
pictures are identified by the digest of their pixels. So the same request on the same model gives
the same result, even if a later version changes the defaults.

A request class is the only place that defines its options (see `yuragi.options.option`). Modules
of requests import only pydantic at the top, so that the command line starts quickly. Code that
computes is imported when a request runs.
"""

from __future__ import annotations

import re
import secrets
from abc import abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, Field, ValidationInfo, field_validator

from yuragi.errors import InputError
from yuragi.options.option import Option
from yuragi.options.values import Count, Eta, Scale, Steps, Strength, Strict
from yuragi.tasks.geometry import CropMargin, Point
from yuragi.tasks.guidance import Guidance
from yuragi.tasks.picture import Mask, Picture, PictureRef

if TYPE_CHECKING:
    from PIL import Image

    from yuragi.edit import Sampler
    from yuragi.models.model import DiffusionModel
    from yuragi.solver import Solver
    from yuragi.tasks.context import Context
    from yuragi.tasks.inputs import Pictures
    from yuragi.tasks.result import TaskOutput
    from yuragi.tasks.work import Work

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
Shown = Annotated[str, Option("Describes the result.")]
Pull = Annotated[
    Scale,
    Option(
        "Guidance scale: higher values follow the prompt more closely; 1 is off.",
        "--scale",
        fitted=True,
    ),
]
Levels = Annotated[
    Steps,
    Option(
        "Number of noise levels on the whole time axis; the strength decides how many are used.",
        "--steps",
        fitted=True,
    ),
]
ToClimb = Option(
    "How much noise to add, as a share of the time axis: higher values give more realistic "
    "and less faithful results.",
    also="--t0",
    fitted=True,
)
Climb = Annotated[Strength, ToClimb]
HALVES = re.compile(r"[\ud800-\udfff]")
"""Surrogates: halves of characters, by which Python also represents bytes that are not UTF-8."""


class Request(Strict):
    """The base class of all requests.

    A task is a subclass with the field ``kind``, its options, and `run`.
    """

    title: ClassVar[str]
    """A description of the task in one sentence."""

    OWN: ClassVar[frozenset[str]] = frozenset(
        ("prompt", "source_prompt", "seed", "image", "mask", "num_images")
    )
    """The options that can differ between the rows of one batch."""

    BESIDE: ClassVar[tuple[type[BaseModel], ...]] = ()
    """Classes of additional options, which `prepare` converts to options of the request."""

    kind: str
    model: Annotated[
        str, Option("Name of a model, or path of a pipeline.", metavar="NAME|PATH")
    ] = "portraits"
    prompt: Shown = ""
    negative_prompt: Annotated[str, Option("Describes what the result must not show.")] = ""
    seed: Annotated[
        int,
        Field(ge=0, lt=2**63, default_factory=lambda: secrets.randbelow(2**32)),
        Option(
            "Seed of all random numbers.",
            default="random, and reported with the result",
        ),
    ]

    @field_validator("*")
    @classmethod
    def _whole(cls, value: Any, about: ValidationInfo) -> Any:
        """Refuse texts that no file and no tokenizer can represent."""
        if isinstance(value, str) and HALVES.search(value):
            reason = "a character of the text is incomplete, or no UTF-8"
            raise InputError(str(about.field_name), value, "", reason)
        return value

    @classmethod
    def prepare(
        cls, given: Mapping[str, Any], pictures: Pictures | None
    ) -> tuple[dict[str, Any], Pictures | None]:
        """Convert the caller's values and pictures to those of the request.

        Raises:
            InputError: the task does not support a value.
        """
        return dict(given), pictures

    def complete(self, folder: Path | None) -> Self:
        """The request, with the data that it reads from its model's folder.

        Args:
            folder: the folder of the model, if it has one.

        Raises:
            InputError: the folder does not contain the data.
        """
        return self

    def check(self, pictures: Pictures | None) -> None:
        """Check values that depend on one another, before a model is loaded.

        Raises:
            InputError: a value is not allowed.
        """

    @classmethod
    @abstractmethod
    def run(cls, requests: Sequence[Self], context: Context) -> list[TaskOutput]:
        """Run requests with equal keys (`alike`), and return their results in order.

        Raises:
            InputError: a value does not fit the model or the pictures.
        """

    def without_model(self, sources: Mapping[str, Image.Image]) -> TaskOutput | None:
        """The output of a request that needs no model; None if it needs one.

        Args:
            sources: the input pictures by digest.

        Raises:
            InputError: a value does not fit the pictures.
        """
        return None

    def work(self, context: Context) -> Work:
        """The network calls that `run` will make, from which its time is estimated.

        By default there are none, so no time is estimated; see `yuragi.tasks.work.rehearsed`.

        Raises:
            InputError: a value does not fit the model, or a picture was not given.
        """
        from yuragi.tasks.work import Work

        return Work()

    def alike(self, model: DiffusionModel) -> Hashable:
        """A grouping key: requests for one model with equal keys run in the same batches.

        By default, keys are equal if all options except `OWN` are equal; see `shared`.
        """
        return self.shared

    @property
    def shared(self) -> Hashable:
        """A grouping key: requests with unequal keys never share a batch, whatever the model."""
        told = self.model_dump_json(exclude=set(self.OWN))
        return type(self), told, self.size, getattr(self, "mask", None) is None

    @property
    def weak_model(self) -> str | None:
        """The name or path of the weaker model that the request needs; None if it needs none."""
        return None

    @property
    def pictures(self) -> Sequence[PictureRef]:
        """The references to pictures and masks in the request."""
        return [each for _, each in self if isinstance(each, PictureRef)]

    @property
    def prompts(self) -> Mapping[str, str]:
        """The prompts that the model reads, by option."""
        return {"prompt": self.prompt, "negative_prompt": self.negative_prompt}

    def unused(self, model: DiffusionModel) -> list[str]:
        """One sentence for each value from the caller that has no effect with this model."""
        from yuragi.tasks.words import unread_words

        notes = [note for each in self.pictures for note in each.notes]
        return [*notes, *unread_words(self, model)]

    @property
    def settings(self) -> Mapping[str, object]:
        """The settings for display, with the names that AUTOMATIC1111 uses."""
        return {}

    @property
    def size(self) -> tuple[int | None, int | None]:
        """The height and width of the pictures in pixels; None for the model's own size."""
        return None, None

    def seen(self, native: int) -> tuple[int | None, int | None]:
        """The largest height and width of the network's input in pixels; None for its native size.

        Args:
            native: the side in pixels that the model was trained on.
        """
        return self.size


class Guided(Request):
    """The base class of requests with a solver and guidance."""

    guidance: Guidance = Guidance()
    eta: Annotated[
        Eta,
        Option(
            "Amount of noise that the solver ddim adds: 0 is the ODE, 1 is the SDE.", advanced=True
        ),
    ] = None
    if TYPE_CHECKING:  # each task has these fields with its own defaults
        num_inference_steps: int
        guidance_scale: float
        solver: str

    def complete(self, folder: Path | None) -> Self:
        return self.model_copy(update={"guidance": self.guidance.complete(folder)})

    def check(self, pictures: Pictures | None) -> None:
        self.guidance.check(self.guidance_scale)
        if self.weak_model is not None and self.negative_prompt:
            allowed = "empty with the rule auto: the weaker model is what to stay away from"
            raise InputError("negative_prompt", self.negative_prompt, allowed)
        self.make_solver()

    def make_solver(self) -> Solver:
        """Make the solver of the request.

        Raises:
            InputError: the name is unknown, or the solver does not take an eta.
        """
        from yuragi.solver import make_solver

        return make_solver(self.solver, self.eta, steps=self.num_inference_steps)

    def unused(self, model: DiffusionModel) -> list[str]:
        found = super().unused(model)
        off = self.guidance.rule.is_off(self.guidance_scale)
        empty = not (self.prompt or self.negative_prompt)
        field = type(self).model_fields["guidance_scale"]
        usual = field.get_default(call_default_factory=True, validated_data=self.__dict__)
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
    """The default solver: DDIM for the ODE or with an eta, ancestral sampling for the SDE."""
    noisy = data.get("sampler") == "sde" and data.get("eta") is None
    return "ddpm" if noisy else "ddim"


class OnPicture(Guided):
    """The base class of requests that change a picture."""

    measured: ClassVar[str] = "this picture"
    """The picture whose familiarity is measured, in words."""

    image: Annotated[
        Picture,
        Option("Picture to edit (PNG, JPEG, WebP, ...).", metavar="IMAGE", positional=True),
    ]
    mask: Annotated[
        Mask | None,
        Option(
            "Mask of the same size as the picture: white areas can change, black areas do not.",
            metavar="PATH",
        ),
    ] = None
    sampler: Annotated[
        Sampling,
        Option(
            "Form of the edit: sde adds noise at each step, ode adds none, adaptive adds it only "
            "where it is needed."
        ),
    ] = "sde"
    eta: Annotated[
        Eta,
        Option(
            "Amount of noise that the solver ddim adds: 0 is the ODE, 1 is the SDE. With the "
            "sampler adaptive, it is the most that is added at a step; 1.5 if not given.",
            advanced=True,
        ),
    ] = None
    num_images: Annotated[Count, Option("Number of candidates to generate.", "--number", "-n")] = 1
    if TYPE_CHECKING:
        strength: float

    @property
    def size(self) -> tuple[int | None, int | None]:
        return self.image.height, self.image.width

    @classmethod
    def prepare(
        cls, given: Mapping[str, Any], pictures: Pictures | None
    ) -> tuple[dict[str, Any], Pictures | None]:
        """A mask that is white everywhere limits nothing, so it counts as no mask."""
        if pictures and pictures.mask and pictures.mask.getextrema() == (255, 255):
            pictures = replace(pictures, mask=None)
        return dict(given), pictures

    @property
    def pulls(self) -> bool:
        """Whether guidance by a prompt decides where an adaptive edit adds noise."""
        told = bool(self.prompt or self.negative_prompt) and self.weak_model is None
        guides = told and not self.guidance.rule.is_off(self.guidance_scale)
        return self.sampler == "adaptive" and self.mask is None and guides

    @property
    def moves(self) -> Sequence[tuple[Point, Point]]:
        """Pairs of source and target points, (x, y) in pixels; empty except in a drag."""
        return ()

    def if_foreign(self, known: str) -> str:
        """What happens to edits of a picture that the model does not know, in words.

        Args:
            known: the pictures that the model knows, such as "drawn heads".
        """
        return f"edits of it will look like {known}; load a model that knows such pictures"

    @property
    def settings(self) -> Mapping[str, object]:
        named = super().settings
        return {
            **named,
            "Sampler": f"{self.solver} ({self.sampler} {self.kind})",
            "Denoising strength": f"{self.strength:g}",
        }


class Edit(OnPicture):
    """The base class of edits that a prompt describes.

    Attributes:
        discards: whether the edit discards what the white of the mask covers. Then only the result
            shows whether the model knows the picture, because a hole can hold anything.
    """

    discards: ClassVar[bool] = False

    num_inference_steps: Levels = 50
    strength: Climb = 0.6
    guidance_scale: Pull = 3.0
    solver: Annotated[
        str,
        Field(default_factory=_fitting_solver),
        Option(
            "Solver that integrates the denoising process.",
            default="chosen by the sampler",
            advanced=True,
        ),
    ]
    crop: Annotated[
        CropMargin,
        Option(
            "Context in pixels around the white area of the mask, which is scaled to the model's "
            "size; auto chooses it, whole takes the whole picture (both scale only larger "
            "pictures), off edits the whole picture at its own size.",
            unit="pixels",
            metavar="auto|whole|off|MARGIN",
            fitted=True,
        ),
    ] = "auto"

    def check(self, pictures: Pictures | None) -> None:
        from yuragi.edit import climbs

        super().check(pictures)
        if self.mask is None and isinstance(self.crop, int):
            allowed = "auto, whole or off without a mask, because then the whole picture can change"
            raise InputError("crop", self.crop, allowed)
        climbs(self.num_inference_steps, self.strength)
        self.make_sampler()

    @abstractmethod
    def make_sampler(self) -> Sampler:
        """The sampler of the edit; see the table in `yuragi.edit.edit`.

        Raises:
            InputError: a solver, an eta or an option does not fit the sampler.
        """

    @classmethod
    def run(cls, requests: Sequence[Self], context: Context) -> list[TaskOutput]:
        from yuragi.tasks.editing import run_edit

        return run_edit(requests, context)

    def work(self, context: Context) -> Work:
        from yuragi.tasks.editing import edit_work

        return edit_work(self, context)


class Described(Edit):
    """The base class of edits with a description of the picture before the edit."""

    source_prompt: Annotated[str, Option("Describes the picture before the edit.")]
    source_guidance_scale: Annotated[
        Scale,
        Option("Guidance scale for the source prompt; 1 is off.", "--source-scale", advanced=True),
    ] = 1.0

    @property
    def prompts(self) -> Mapping[str, str]:
        return {"source_prompt": self.source_prompt, **super().prompts}

    def check(self, pictures: Pictures | None) -> None:
        if not self.source_prompt.strip():
            allowed = "a description of what the picture shows now"
            raise InputError("source_prompt", self.source_prompt, allowed)
        super().check(pictures)
