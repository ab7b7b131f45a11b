"""The Python API: a model with one method for each task.

    import yuragi

    model = yuragi.load("portraits")
    model.drag("face.png", points=[((70, 52), (70, 40))], prompt="a person", seed=0).image

Every method makes a complete request and runs it. An argument that is None keeps the default: the
setting in the model's folder (`yuragi.models.defaults`), or else that of the request class, which
describes every option. Keywords have the same names as in diffusers if it has a counterpart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, Unpack, cast, overload

from PIL import Image
from torch import nn

from yuragi.errors import InputError
from yuragi.images.read import MAX_PIXELS, Source, digest, read_picture
from yuragi.images.tensors import tensor_digest
from yuragi.models.edm import is_edm, wrap_edm
from yuragi.models.load import wrap_pipeline
from yuragi.models.model import DiffusionModel
from yuragi.models.names import load_model, load_weak
from yuragi.models.opening import Opening
from yuragi.options.keywords import known_keywords
from yuragi.tasks.base import Request
from yuragi.tasks.build import Reading, build
from yuragi.tasks.diffedit import DiffEditRequest
from yuragi.tasks.drag import DragRequest, LoRA
from yuragi.tasks.each import prompts_and_seeds
from yuragi.tasks.estimate import Estimate
from yuragi.tasks.guidance import Guidance
from yuragi.tasks.inpaint import InpaintRequest
from yuragi.tasks.invert import InvertRequest
from yuragi.tasks.replay import Replay, replay_from
from yuragi.tasks.result import Result
from yuragi.tasks.run import Progress, estimate, run_all
from yuragi.tasks.sample import SampleRequest
from yuragi.tasks.sdedit import SDEditRequest
from yuragi.tasks.tasks import TASKS
from yuragi.tasks.translate import TranslateRequest
from yuragi.tasks.warping import preview

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from yuragi.drag import PointPair, RegionPair
    from yuragi.models.codec import Codec

__all__ = ["Model", "load", "replay"]


@known_keywords(Opening)
def load(
    source: str | Path | object,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
    *,
    config: str | Path | None = None,
    offline: bool = False,
    allow_pickle: bool = False,
    offload: str | None = None,
    vae_tiling: bool = False,
    compile: bool = False,
    codec: Codec | None = None,
    ip_adapter_image: Source | Sequence[Source] = (),
) -> Model:
    """Load a model.

    Nothing is printed except by a download. The keywords up to `compile` are described in
    `yuragi.models.opening.Opening`.

    Args:
        source: ``"portraits"`` (shipped); a directory or a single safetensors file of a pipeline of
            diffusers; ``owner/name`` or ``owner/name@revision`` on the hub; or a pipeline object or
            a network of EDM or EDM2, neither of which is changed.
        device: a torch device such as ``"cpu"``; by default the GPU if there is one.
        dtype: the precision of the weights: ``"float32"``, ``"float16"``, ``"bfloat16"``, or a
            torch dtype. The default is float32 on a CPU; on a GPU it is bfloat16 for flow models
            and float16 for others.
        config: the directory of a pipeline of the same kind, for a single-file model.
        offline: whether to never contact the hub.
        allow_pickle: whether to read ``.bin`` and ``.ckpt`` files, as plain tensors.
        offload: ``model`` or ``sequential``, for a GPU with too little memory.
        vae_tiling: whether to run the autoencoder on one picture at a time, and on large pictures
            in tiles.
        compile: whether to compile the network with `torch.compile`.
        codec: the codec of an EDM network on latents; other models have their own.
        ip_adapter_image: the picture for each IP-Adapter of a pipeline object.

    Raises:
        InputError: the model does not exist, is not in safetensors, is damaged or is not supported;
            the device or precision does not exist; options about opening are given for an object; a
            codec is given for a model that has one; the number of pictures differs from the number
            of IP-Adapters.
    """
    given = locals()
    opening = Opening(**{name: given[name] for name in Opening.model_fields})
    shown = ip_adapter_image
    several = isinstance(shown, Sequence) and not isinstance(shown, str | bytes)
    images = cast("Sequence[Source]", shown if several else [shown])
    if codec is not None and not is_edm(source):
        allowed = "None: only a network of EDM or EDM2 has no codec of its own"
        raise InputError("codec", type(codec).__name__, allowed)
    if isinstance(source, str | Path):
        if images:
            allowed = "empty, or the pipeline as an object, with its IP-Adapters loaded"
            raise InputError("ip_adapter_image", len(images), allowed)
        return Model(str(source), load_model(source, opening))
    for name, value in opening.model_dump(exclude_defaults=True).items():
        raise InputError(name, value, "its default with an object, which stays as it is")
    return Model(f"<{type(source).__name__}>", _wrapped(source, codec, images))


def _wrapped(source: object, codec: Codec | None, images: Sequence[Source]) -> DiffusionModel:
    """Wrap a pipeline object or a network of the caller."""
    if isinstance(source, nn.Module) and is_edm(source):
        if images:
            raise InputError("ip_adapter_image", len(images), "empty with a network")
        return wrap_edm(source, codec)
    pictures = [read_picture(each, "ip_adapter_image") for each in images]
    loaded = wrap_pipeline(source, pictures)
    return replace(loaded, card=replace(loaded.card, images=tuple(map(digest, pictures))))


@known_keywords(Opening)
def replay(
    source: Source | Result,
    model: Model | str | Path | None = None,
    *,
    weak_model: Model | str | Path | None = None,
    sources: Sequence[Source] = (),
    force: bool = False,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
    on_progress: Progress | None = None,
) -> Replay:
    """Run the request inside a result again, and compare the pictures; the hub is not contacted.

    Args:
        source: a file that Yuragi wrote (a path, bytes, an open file), a `Result`, or the JSON that
            a file carries, which leaves no picture to compare with.
        model: the model, or its current location; by default the location named in the result.
        weak_model: the same for the weaker model of autoguidance.
        sources: input pictures and masks, if the result does not carry them.
        force: whether to continue with weights other than those that made the picture.
        device: as for `load`.
        dtype: as for `load`.
        on_progress: a function called with (steps done, total steps).

    Returns:
        The new result, and how much its picture differs; see `yuragi.tasks.replay.Replay`.

    Raises:
        InputError: the source is not a result of Yuragi; the model or an input picture is missing;
            the weights are different.
    """
    opening = Opening.model_validate({"device": device, "dtype": dtype})
    strong, weak = (
        each.loaded if isinstance(each, Model) else None if each is None else str(each)
        for each in (model, weak_model)
    )
    watched = on_progress or (lambda done, total: None)
    return replay_from(source, opening, strong, weak, sources, force, watched)


def _reading(options: dict[str, Any]) -> Reading:
    """The options for reading pictures, which are taken out of all options of a method."""
    return Reading(**{name: options.pop(name) for name in Reading.model_fields if name in options})


class _Drawing(TypedDict, total=False):
    """The keywords of `Model.sample` that are the same for all of its prompts."""

    negative_prompt: str
    num_images: int
    num_inference_steps: int | None
    guidance_scale: float | None
    guidance: Guidance | str | None
    solver: str | None
    eta: float | None
    timestep_spacing: str | None
    width: int | None
    height: int | None
    latents: Tensor | None
    on_progress: Progress | None


@dataclass(frozen=True, repr=False)
class Model:
    """A loaded model; make one with `load`.

    Attributes:
        name: the name given to `load`.
        loaded: the parts of the model.
    """

    name: str
    loaded: DiffusionModel

    def __repr__(self) -> str:
        family, dtype = self.loaded.capabilities.family, str(self.loaded.dtype)
        return f"<Model {self.name}: {family}, {self.loaded.device}, {dtype}>"

    @overload
    def sample(
        self, prompt: str, *, seed: int | None = None, **same: Unpack[_Drawing]
    ) -> Result: ...
    @overload
    def sample(
        self, prompt: str, *, seed: Sequence[int], **same: Unpack[_Drawing]
    ) -> list[Result]: ...
    @overload
    def sample(
        self,
        prompt: list[str] | tuple[str, ...],
        *,
        seed: int | Sequence[int] | None = None,
        **same: Unpack[_Drawing],
    ) -> list[Result]: ...
    @known_keywords(SampleRequest)
    def sample(
        self,
        prompt: str | list[str] | tuple[str, ...],
        *,
        negative_prompt: str = "",
        num_images: int = 1,
        num_inference_steps: int | None = None,
        guidance_scale: float | None = None,
        guidance: Guidance | str | None = None,
        solver: str | None = None,
        eta: float | None = None,
        timestep_spacing: str | None = None,
        width: int | None = None,
        height: int | None = None,
        latents: Tensor | None = None,
        seed: int | Sequence[int] | None = None,
        on_progress: Progress | None = None,
    ) -> Result | list[Result]:
        """Generate pictures from a prompt.

        `yuragi.tasks.sample.SampleRequest` describes the options.

        Several prompts, seeds or both give a list with one result for each prompt and its seed.
        They share batches; each result is the same as if it ran alone, up to rounding.

        Args:
            prompt: the description of the picture, or several.
            negative_prompt: the description of what the result must not show.
            num_images: the number of pictures. Picture k depends on (seed, k) only, up to rounding.
            num_inference_steps: the number of solver steps, 1 to 1000.
            guidance_scale: the guidance scale; 1 is off.
            guidance: a rule or a gain by name, such as ``"reg"``, or a `Guidance`.
            solver: a name in `yuragi.solver.solvers`.
            eta: the amount of noise of the solver ``ddim``: 0 is the ODE, 1 is the SDE.
            timestep_spacing: a name in `yuragi.core.time_grids`, or ``native`` for the levels of
                the model's own scheduler, each once.
            width: the width in pixels; None for the model's own.
            height: the height in pixels; None for the model's own.
            latents: the start noise [num_images, c, h, w]; by default drawn from the seed.
            seed: the seed, 0 or more; None draws one, which is stored in the result's request; or
                several, one for each prompt.
            on_progress: a function called with (steps done, total steps).

        Raises:
            InputError: a value is not allowed. It is raised before the model runs.
        """
        given = locals()
        if isinstance(prompt, str) and not isinstance(seed, Sequence):
            return self._run(SampleRequest, given)
        pairs = prompts_and_seeds(prompt, seed)
        return self._run_each(
            SampleRequest, given, [{"prompt": one, "seed": number} for one, number in pairs]
        )

    @known_keywords(DragRequest)
    def drag(
        self,
        image: Source,
        points: Sequence[PointPair] = (),
        *,
        regions: Sequence[RegionPair] = (),
        select: Sequence[tuple[float, float]] | None = None,
        move: tuple[float, float] | None = None,
        rotate: float | None = None,
        enlarge: float | None = None,
        prompt: str = "",
        negative_prompt: str = "",
        mask: Source | None = None,
        sampler: str = "sde",
        preset: str = "warp",
        num_images: int = 1,
        num_inference_steps: int | None = None,
        strength: float | None = None,
        guidance_scale: float | None = None,
        guidance: Guidance | str | None = None,
        solver: str | None = None,
        eta: float | None = None,
        motion: str = "auto",
        radius: float | None = None,
        rigid: float = 0.0,
        crop: str | int = "auto",
        lora: LoRA | None = None,
        resize: int | None = None,
        max_pixels: int = MAX_PIXELS,
        seed: int | None = None,
        on_progress: Progress | None = None,
    ) -> Result:
        """Drag the content under points or within regions of a picture to other places.

        `yuragi.tasks.drag.DragRequest` describes the options.

        Args:
            image: a path, a PIL image, an array, a tensor, bytes or an open file; `mask` likewise.
            points: pairs ((x, y), (x, y)) of source and target, in pixels.
            regions: pairs of polygons ((x, y), ...), the corners and their targets, for ``warp``.
            select: the corners (x, y) of a polygon to move, rotate or resize, for ``warp``.
            move: the distance to move the selection right and down, in pixels.
            rotate: the angle to rotate the selection clockwise, in degrees.
            enlarge: the factor by which to enlarge the selection.
            prompt: the description of the result.
            negative_prompt: the description of what the result must not show.
            mask: the mask, white where the picture can change; other pixels are kept bit for bit.
            sampler: ``sde`` (with noise), ``ode`` (without), or, for ``warp``, ``adaptive``.
            preset: ``warp``, ``paper`` or ``fast``; the arguments below override its values.
            num_images: the number of candidates. Candidate k depends on (seed, k) only, up to
                rounding. With several, ``result.intent`` says how far each one carries out the
                request, ``result.ranking`` lists the best first, and ``result.compare(k)`` shows
                one next to the original.
            num_inference_steps: the number of noise levels on the whole time axis.
            strength: the highest noise level t0, as a share of the time axis, in (0, 1]. Higher
                values give more realistic and less faithful results.
            guidance_scale: the guidance scale; for ``paper`` and ``fast`` the scale at t0, from
                which it falls to 1.
            guidance: a rule or a gain by name, such as ``"reg_forward"``, or a `Guidance`; with
                ``paper`` and ``fast`` the rule must be ``cfg``.
            solver: a name in `yuragi.solver.solvers`; None for that of the preset.
            eta: the amount of noise of the solver ``ddim``.
            motion: ``cut`` moves the thing under the points as a whole and fills in what was behind
                it; ``bend`` bends the picture; ``auto`` cuts regions and drawn things on even
                ground, and bends everything else. For ``warp``.
            radius: how far around a point the picture bends with it, in pixels; for ``warp``.
            rigid: share of the radius, 0 to 0.9, that moves undistorted; for ``warp``.
            crop: ``auto`` imagines what a warp uncovers in a crop of a large picture at the model's
                size, ``whole`` in the whole picture at that size, ``off`` at full size, and a
                number is the context around it in pixels.
            lora: the LoRA to fit to the picture first, such as ``LoRA()``; it is cached.
            resize: the longer side in pixels to which picture, mask and points are resized first.
            max_pixels: the largest number of pixels that the picture can have.
            seed: the seed, 0 or more; None draws one, which is stored in the result's request.
            on_progress: a function called with (steps done, total steps).

        Raises:
            InputError: a value is not allowed. It is raised before the model runs.
        """
        return self._run(DragRequest, locals())

    @known_keywords(DragRequest)
    def preview_drag(
        self,
        image: Source,
        points: Sequence[PointPair] = (),
        *,
        regions: Sequence[RegionPair] = (),
        select: Sequence[tuple[float, float]] | None = None,
        move: tuple[float, float] | None = None,
        rotate: float | None = None,
        enlarge: float | None = None,
        mask: Source | None = None,
        motion: str = "auto",
        radius: float | None = None,
        rigid: float = 0.0,
        resize: int | None = None,
        max_pixels: int = MAX_PIXELS,
    ) -> Image.Image:
        """Make only the warp with which a drag with the preset ``warp`` begins; no network runs.

        The arguments and errors are those of `drag`.
        """
        given = {name: value for name, value in locals().items() if name != "self"}
        reading = _reading(given)
        request, sources = build(DragRequest, given | {"model": self.name}, reading)
        inside = None if request.mask is None else sources[request.mask.digest]
        return preview(request, sources[request.image.digest], inside)

    @known_keywords(InpaintRequest)
    def inpaint(
        self,
        image: Source,
        mask: Source | None = None,
        *,
        prompt: str = "",
        expand: Sequence[int] | str | None = None,
        resample: int = 1,
        negative_prompt: str = "",
        sampler: str = "sde",
        num_images: int = 1,
        num_inference_steps: int | None = None,
        strength: float | None = None,
        guidance_scale: float | None = None,
        guidance: Guidance | str | None = None,
        solver: str | None = None,
        eta: float | None = None,
        crop: str | int | None = None,
        resize: int | None = None,
        max_pixels: int = MAX_PIXELS,
        seed: int | None = None,
        on_progress: Progress | None = None,
    ) -> Result:
        """Fill the white area of a mask, or margins added around the picture.

        `yuragi.tasks.inpaint.InpaintRequest` describes the options.

        Args:
            image: a path, a PIL image, an array, a tensor, bytes or an open file; `mask` likewise.
            mask: the mask, white where the picture is filled; other pixels are kept bit for bit.
            prompt: the description of the whole result.
            expand: the margins to add at left, top, right and bottom, in pixels (outpainting).
            resample: the number of passes over each noise level (RePaint), for the sampler ``sde``.
            negative_prompt: the description of what the result must not show.
            sampler: ``sde`` (with noise), ``ode`` (without) or ``adaptive`` (where needed).
            num_images: the number of candidates. Candidate k depends on (seed, k) only, up to
                rounding.
            num_inference_steps: the number of noise levels on the whole time axis, of which the
                share `strength` is used.
            strength: the highest noise level t0, as a share of the time axis, in (0, 1].
            guidance_scale: the guidance scale; 1 is off.
            guidance: a rule or a gain by name, such as ``"reg_forward"``, or a `Guidance`.
            solver: a name in `yuragi.solver.solvers`; None for that of the sampler.
            eta: the amount of noise of the solver ``ddim``, above 0 for the SDE.
            crop: with a mask, ``auto`` edits a crop of a large picture at the model's size,
                ``whole`` the whole picture scaled to that size, ``off`` the whole picture at its
                own size, and a number is the context around the mask in pixels; None for the
                model's default, or else ``auto``.
            resize: the longer side in pixels to which picture and mask are resized first.
            max_pixels: the largest number of pixels that the picture can have.
            seed: the seed, 0 or more; None draws one, which is stored in the result's request.
            on_progress: a function called with (steps done, total steps).

        Raises:
            InputError: a value is not allowed. It is raised before the model runs.
        """
        return self._run(InpaintRequest, locals())

    @known_keywords(SDEditRequest)
    def sdedit(
        self,
        image: Source,
        *,
        prompt: str,
        mask: Source | None = None,
        negative_prompt: str = "",
        sampler: str = "sde",
        num_images: int = 1,
        num_inference_steps: int | None = None,
        strength: float | None = None,
        guidance_scale: float | None = None,
        guidance: Guidance | str | None = None,
        solver: str | None = None,
        eta: float | None = None,
        crop: str | int | None = None,
        resize: int | None = None,
        max_pixels: int = MAX_PIXELS,
        seed: int | None = None,
        on_progress: Progress | None = None,
    ) -> Result:
        """Image to image: add noise up to the strength, and denoise under the prompt.

        `yuragi.tasks.sdedit.SDEditRequest` describes the options.

        Args:
            image: a photo, a sketch or strokes of colour, as a path, a PIL image, an array, a
                tensor, bytes or an open file; `mask` is given in the same way.
            prompt: the description of the result.
            mask: the mask, white where the picture can change; other pixels are kept bit for bit.
            negative_prompt: the description of what the result must not show.
            sampler: ``sde`` (with noise), ``ode`` (without) or ``adaptive`` (where needed).
            num_images: the number of candidates. Candidate k depends on (seed, k) only, up to
                rounding.
            num_inference_steps: the number of noise levels on the whole time axis, of which the
                share `strength` is used.
            strength: the highest noise level t0, as a share of the time axis, in (0, 1].
            guidance_scale: the guidance scale; 1 is off.
            guidance: a rule or a gain by name, such as ``"reg_forward"``, or a `Guidance`.
            solver: a name in `yuragi.solver.solvers`; None for that of the sampler.
            eta: the amount of noise of the solver ``ddim``, above 0 for the SDE.
            crop: with a mask, ``auto`` edits a crop of a large picture at the model's size,
                ``whole`` the whole picture scaled to that size, ``off`` the whole picture at its
                own size, and a number is the context around the mask in pixels; None for the
                model's default, or else ``auto``.
            resize: the longer side in pixels to which picture and mask are resized first.
            max_pixels: the largest number of pixels that the picture can have.
            seed: the seed, 0 or more; None draws one, which is stored in the result's request.
            on_progress: a function called with (steps done, total steps).

        Raises:
            InputError: a value is not allowed. It is raised before the model runs.
        """
        return self._run(SDEditRequest, locals())

    @known_keywords(TranslateRequest)
    def translate(
        self,
        image: Source,
        *,
        source_prompt: str,
        prompt: str,
        mask: Source | None = None,
        encoder: str = "chain",
        source_guidance_scale: float = 1.0,
        negative_prompt: str = "",
        sampler: str = "sde",
        num_images: int = 1,
        num_inference_steps: int | None = None,
        strength: float | None = None,
        guidance_scale: float | None = None,
        guidance: Guidance | str | None = None,
        solver: str | None = None,
        eta: float | None = None,
        crop: str | int | None = None,
        resize: int | None = None,
        max_pixels: int = MAX_PIXELS,
        seed: int | None = None,
        on_progress: Progress | None = None,
    ) -> Result:
        """Change a picture from one description to another: Cycle-SDE, or DDIB with the ODE.

        `yuragi.tasks.translate.TranslateRequest` describes the options.

        Args:
            image: a path, a PIL image, an array, a tensor, bytes or an open file; `mask` likewise.
            source_prompt: the description of the picture.
            prompt: the description of the result.
            mask: the mask, white where the picture can change; other pixels are kept bit for bit.
            encoder: ``chain``, or ``independent`` (edit-friendly), for ``sde`` and ``adaptive``.
            source_guidance_scale: the guidance scale for the source prompt; 1 is off.
            negative_prompt: the description of what the result must not show.
            sampler: ``sde`` (with noise), ``ode`` (without) or ``adaptive`` (where needed).
            num_images: the number of candidates. Candidate k depends on (seed, k) only, up to
                rounding.
            num_inference_steps: the number of noise levels on the whole time axis, of which the
                share `strength` is used.
            strength: the highest noise level t0, as a share of the time axis, in (0, 1].
            guidance_scale: the guidance scale; 1 is off.
            guidance: a rule or a gain by name, such as ``"reg_forward"``, or a `Guidance`.
            solver: a name in `yuragi.solver.solvers`; None for that of the sampler.
            eta: the amount of noise of the solver ``ddim``, above 0 for the SDE.
            crop: with a mask, ``auto`` edits a crop of a large picture at the model's size,
                ``whole`` the whole picture scaled to that size, ``off`` the whole picture at its
                own size, and a number is the context around the mask in pixels; None for the
                model's default, or else ``auto``.
            resize: the longer side in pixels to which picture and mask are resized first.
            max_pixels: the largest number of pixels that the picture can have.
            seed: the seed, 0 or more; None draws one, which is stored in the result's request.
            on_progress: a function called with (steps done, total steps).

        Raises:
            InputError: a value is not allowed. It is raised before the model runs.
        """
        return self._run(TranslateRequest, locals())

    @known_keywords(DiffEditRequest)
    def diffedit(
        self,
        image: Source,
        *,
        source_prompt: str,
        prompt: str,
        mask: Source | None = None,
        mask_strength: float | None = None,
        mask_samples: int = 10,
        mask_threshold: float | None = None,
        source_guidance_scale: float = 1.0,
        negative_prompt: str = "",
        sampler: str = "sde",
        num_images: int = 1,
        num_inference_steps: int | None = None,
        strength: float | None = None,
        guidance_scale: float | None = None,
        guidance: Guidance | str | None = None,
        solver: str | None = None,
        eta: float | None = None,
        crop: str | int | None = None,
        resize: int | None = None,
        max_pixels: int = MAX_PIXELS,
        seed: int | None = None,
        on_progress: Progress | None = None,
    ) -> Result:
        """Change a picture only where two descriptions of it disagree.

        ``result.mask`` is the mask that was found. `yuragi.tasks.diffedit.DiffEditRequest`
        describes the options.

        Args:
            image: a path, a PIL image, an array, a tensor, bytes or an open file; `mask` likewise.
            source_prompt: the description of the picture.
            prompt: the description of the result.
            mask: the mask within which the picture can change, white inside.
            mask_strength: the noise level of the comparison, as a share of the time axis.
            mask_samples: the number of noise samples to average over.
            mask_threshold: the relative difference above which the picture can change, 0 to 1.
            source_guidance_scale: the guidance scale for the source prompt; 1 is off.
            negative_prompt: the description of what the result must not show.
            sampler: ``sde`` (with noise), ``ode`` (without) or ``adaptive`` (where needed).
            num_images: the number of candidates. Candidate k depends on (seed, k) only, up to
                rounding.
            num_inference_steps: the number of noise levels on the whole time axis, of which the
                share `strength` is used.
            strength: the highest noise level t0, as a share of the time axis, in (0, 1].
            guidance_scale: the guidance scale; 1 is off.
            guidance: a rule or a gain by name, such as ``"reg_forward"``, or a `Guidance`.
            solver: a name in `yuragi.solver.solvers`; None for that of the sampler.
            eta: the amount of noise of the solver ``ddim``, above 0 for the SDE.
            crop: with a mask, ``auto`` edits a crop of a large picture at the model's size,
                ``whole`` the whole picture scaled to that size, ``off`` the whole picture at its
                own size, and a number is the context around the mask in pixels; None for the
                model's default, or else ``auto``.
            resize: the longer side in pixels to which picture and mask are resized first.
            max_pixels: the largest number of pixels that the picture can have.
            seed: the seed, 0 or more; None draws one, which is stored in the result's request.
            on_progress: a function called with (steps done, total steps).

        Raises:
            InputError: a value is not allowed. It is raised before the model runs, except if the
                model finds no difference between the prompts.
        """
        return self._run(DiffEditRequest, locals())

    @known_keywords(InvertRequest)
    def invert(
        self,
        image: Source,
        *,
        prompt: str = "",
        encoder: str = "chain",
        negative_prompt: str = "",
        sampler: str = "ode",
        num_inference_steps: int | None = None,
        strength: float | None = None,
        guidance_scale: float | None = None,
        guidance: Guidance | str | None = None,
        solver: str | None = None,
        eta: float | None = None,
        resize: int | None = None,
        max_pixels: int = MAX_PIXELS,
        seed: int | None = None,
        on_progress: Progress | None = None,
    ) -> Result:
        """Add noise to a picture and remove it again under the same prompt.

        ``result.reconstruction`` measures how well the picture is reconstructed.
        `yuragi.tasks.invert.InvertRequest` describes the options.

        Args:
            image: a path, a PIL image, an array, a tensor, bytes or an open file.
            prompt: the description of the picture.
            encoder: ``chain``, or ``independent`` (edit-friendly), for ``sde`` and ``adaptive``.
            negative_prompt: the description of what the result must not show.
            sampler: ``sde`` (with noise), ``ode`` (without) or ``adaptive`` (where needed).
            num_inference_steps: the number of noise levels on the whole time axis, of which the
                share `strength` is used.
            strength: the highest noise level t0, as a share of the time axis, in (0, 1].
            guidance_scale: the guidance scale; 1 is off.
            guidance: a rule or a gain by name, such as ``"reg_forward"``, or a `Guidance`.
            solver: a name in `yuragi.solver.solvers`; None for that of the sampler.
            eta: the amount of noise of the solver ``ddim``, above 0 for the SDE.
            resize: the longer side in pixels to which the picture is resized first.
            max_pixels: the largest number of pixels that the picture can have.
            seed: the seed, 0 or more; None draws one, which is stored in the result's request.
            on_progress: a function called with (steps done, total steps).

        Raises:
            InputError: a value is not allowed. It is raised before the model runs.
        """
        return self._run(InvertRequest, locals())

    def estimate(self, task: str, **options: Any) -> Estimate:
        """Estimate how long a task would take on this machine, without running it.

            model.estimate("translate", image="photo.jpg", source_prompt="a dog", prompt="a cat")

        It costs a few network evaluations. Loading, the codec and writing files are not included.

        Args:
            task: the name of the method that would run, such as ``"sample"``.
            options: the keywords of that method, except `on_progress`; a single prompt and seed.

        Returns:
            The number of evaluations and the seconds that they take; as text, a sentence with both.

        Raises:
            InputError: there is no such task, or a value is not allowed.
        """
        if task not in TASKS:
            raise InputError("task", task, "one of " + ", ".join(TASKS))
        reading = _reading(options)
        request, sources = build(TASKS[task], {**options, "model": self.name}, reading)
        weak = load_weak(request.weak_model, self.loaded)
        return estimate(request, self.loaded, sources, weak)

    def _run(self, kind: type[Request], arguments: Mapping[str, Any]) -> Result:
        """Build a request of this class from the arguments of a method, and run it."""
        return self._run_each(kind, arguments, [{}])[0]

    def _run_each(
        self,
        kind: type[Request],
        arguments: Mapping[str, Any],
        changes: Sequence[Mapping[str, Any]],
    ) -> list[Result]:
        """Do the same for several requests, one for each of these changes to the arguments."""
        given = {name: value for name, value in arguments.items() if name != "self"}
        on_progress, latents = given.pop("on_progress"), given.get("latents")
        reading = _reading(given)
        if latents is not None:
            given["latents"] = tensor_digest(latents)
        requests, sources = [], dict[str, Image.Image]()
        for change in changes:
            request, named = build(kind, {**given, "model": self.name, **change}, reading)
            requests.append(request)
            sources |= named
        weak = load_weak(requests[0].weak_model, self.loaded)
        watched = on_progress or (lambda done, total: None)
        return run_all(requests, self.loaded, sources, watched, latents, weak)
