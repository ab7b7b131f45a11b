"""Requests: everything that decides a result, as plain validated values.

A request is complete: presets are already resolved into numbers, the seed is drawn, pictures are
named by the digest of their pixels. So the same request asks the same of the same model,
whatever the defaults of a later version are. Here and in the modules that it is made of, only
pydantic is imported.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from yuragi.recipe.guidance_rule import GuidanceRule
from yuragi.recipe.values import Finite, Scale, Share, Strict

__all__ = [
    "DiffEditRequest",
    "DragRequest",
    "EditRequest",
    "InpaintRequest",
    "InvertRequest",
    "LoRA",
    "PasteMethod",
    "PictureRef",
    "Region",
    "Request",
    "SDEditRequest",
    "SampleRequest",
    "TranslateRequest",
    "WarpMethod",
    "parse_request",
]

Steps = Annotated[int, Field(ge=1, le=1000)]
Eta = Annotated[Finite, Field(ge=0, le=1.5)] | None
Strength = Annotated[Finite, Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=1, le=10_000)]
Margin = Annotated[int, Field(ge=0, le=10_000)]
Point = tuple[Finite, Finite]


class PictureRef(Strict):
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


class _Base(Strict):
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
        num_images: how many; picture k depends on (seed, k) alone, to rounding.
        width: in pixels; None for the model's own size.
        height: likewise.
        latents: digest of start noise given by the caller, which a replay must be given again.
    """

    kind: Literal["sample"] = "sample"
    num_images: Count = 1
    width: Annotated[int, Field(ge=1)] | None = None
    height: Annotated[int, Field(ge=1)] | None = None
    timestep_spacing: str
    latents: str | None = None


class _OnPicture(_Base):
    image: PictureRef
    mask: PictureRef | None = None
    strength: Strength


class PasteMethod(Strict):
    """SDE-Drag: copy and paste at the noisy level, in sub-drags; see `yuragi.drag.drag`.

    Attributes:
        radius: half the side of a box, as a share of the latent's shorter side.
        step: length of one sub-drag, likewise.
        gain: alpha, factor on the moved content.
        keep: beta, share of the old content that stays at the source.
    """

    name: Literal["paste"] = "paste"
    radius: Annotated[Finite, Field(gt=0, le=0.5)]
    step: Annotated[Finite, Field(gt=0, le=1)]
    gain: Annotated[Finite, Field(gt=0, le=10)]
    keep: Annotated[Finite, Field(ge=0, le=1)]


class WarpMethod(Strict):
    """One warp, and noise where the model doubts what it uncovers; see `yuragi.drag.imagine`.

    Attributes:
        doubt: denoising error of a cell above which it is drawn anew; 0 draws all of them.
    """

    name: Literal["warp"] = "warp"
    doubt: Annotated[Finite, Field(ge=0)]


class Region(Strict):
    """A polygon and where it goes: its corners are points, its inside moves.

    Attributes:
        source: corners (x, y) in pixels.
        target: where they go, as many.
    """

    source: Annotated[tuple[Point, ...], Field(min_length=3)]
    target: Annotated[tuple[Point, ...], Field(min_length=3)]


class LoRA(Strict):
    """Learn the picture before dragging it; see `yuragi.adapters.lora`.

    Attributes:
        rank: of the terms beside the attention layers' weights.
        steps: of learning.
        learning_rate: of AdamW.
        floor: share of the terms that is left at t0; all of it at the clean end.
    """

    rank: Annotated[int, Field(ge=1, le=256)] = 16
    steps: Annotated[int, Field(ge=1, le=10_000)] = 100
    learning_rate: Annotated[Finite, Field(gt=0, le=1)] = 2e-4
    floor: Share = 0.5


class DragRequest(_OnPicture):
    """Drag points or regions of a picture.

    Attributes:
        sampler: with the method paste, ``sde`` follows the forward chain (Cycle-SDE) and ``ode``
            inverts the ODE; with warp as for inpainting.
        preset: where the numbers came from; it decides nothing.
        method: what a drag does, and its numbers.
        guidance_scale: with paste the scale at t0, which ramps down to 1 at the clean end.
        guidance: a gain; the rule is always ``cfg``.
        strength: t0, the share of the time axis to climb.
        image: the picture to edit.
        mask: white where it may change; None for everywhere.
        points: pairs of source and target, (x, y) in pixels.
        regions: likewise; with warp only.
        num_images: candidates; candidate k depends on (seed, k) alone, to rounding.
        lora: how the picture is learned first; None for not.
    """

    kind: Literal["drag"] = "drag"
    sampler: Literal["sde", "ode", "adaptive"]
    preset: str
    method: Annotated[PasteMethod | WarpMethod, Field(discriminator="name")]
    points: tuple[tuple[Point, Point], ...] = ()
    regions: tuple[Region, ...] = ()
    num_images: Count = 1
    lora: LoRA | None = None


class _Edit(_OnPicture):
    """What every edit by words has.

    Attributes:
        image: the picture to edit.
        mask: white where it may change; None for everywhere.
        sampler: ``sde``, ``ode`` or ``adaptive``; what each means is in `yuragi.edit.edit`.
        strength: t0, the share of the time axis to climb.
        num_images: how many candidates; candidate k depends on (seed, k) alone, to rounding.
    """

    sampler: Literal["sde", "ode", "adaptive"] = "sde"
    guidance_scale: Scale = 3.0
    num_inference_steps: Steps = 50
    num_images: Count = 1


class InpaintRequest(_Edit):
    """Fill the white of a mask, or what was added around the picture.

    Attributes:
        expand: pixels added at (left, top, right, bottom) before; they are in image and mask.
        resample: passes over every level (RePaint); 1 is plain inpainting. For ``sde``.
    """

    kind: Literal["inpaint"] = "inpaint"
    strength: Strength = 1.0
    expand: tuple[Margin, Margin, Margin, Margin] = (0, 0, 0, 0)
    resample: Annotated[int, Field(ge=1, le=100)] = 1


class SDEditRequest(_Edit):
    """Image to image: noise the picture to t0, and come down under the prompt."""

    kind: Literal["sdedit"] = "sdedit"
    strength: Strength = 0.6


class _Described(_Edit):
    """Edits that are told what the picture shows.

    Attributes:
        source_prompt: what the picture shows now.
        source_guidance_scale: of the source's denoiser; 1 is off.
    """

    source_prompt: str
    source_guidance_scale: Scale = 1.0


class TranslateRequest(_Described):
    """From one prompt to another: DDIB (``ode``) or Cycle-SDE (``sde``).

    Attributes:
        encoder: ``chain`` (Cycle-SDE) or ``independent`` (edit-friendly); for ``sde``.
    """

    kind: Literal["translate"] = "translate"
    strength: Strength = 0.8
    encoder: Literal["chain", "independent"] = "chain"


class DiffEditRequest(_Described):
    """Translate only where the two prompts disagree about the picture.

    Attributes:
        mask_strength: noise level at which the predictions are compared, as a share of time.
        mask_samples: noises to average over.
        mask_threshold: of the normalised difference, above which the picture may change.
    """

    kind: Literal["diffedit"] = "diffedit"
    strength: Strength = 0.7
    mask_strength: Strength = 0.5
    mask_samples: Annotated[int, Field(ge=1, le=1000)] = 10
    mask_threshold: Annotated[Share, Field(gt=0, lt=1)] = 0.5


class InvertRequest(_Edit):
    """Up and down again under the same prompt: does the model hold this picture?

    Attributes:
        encoder: as for translate.
    """

    kind: Literal["invert"] = "invert"
    strength: Strength = 1.0
    encoder: Literal["chain", "independent"] = "chain"
    guidance_scale: Scale = 1.0
    num_images: Literal[1] = 1


EditRequest: TypeAlias = (
    InpaintRequest | SDEditRequest | TranslateRequest | DiffEditRequest | InvertRequest
)
"""Edits of a picture by words."""

Request: TypeAlias = SampleRequest | DragRequest | EditRequest
"""All requests; `kind` tells them apart."""

_ADAPTER: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="kind")])


def parse_request(text: str) -> Request:
    """Read a request from JSON.

    Raises:
        ValueError: it is not one.
    """
    return _ADAPTER.validate_json(text)
