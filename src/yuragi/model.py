"""The Python API: a model with one method for each task.

    import yuragi

    model = yuragi.load("portraits")
    model.drag("face.png", points=[((70, 52), (70, 40))], prompt="a person", seed=0).image

Every method makes a complete request and runs it; nothing else happens here. Keywords follow
diffusers where it has a counterpart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypedDict, Unpack

import torch
from PIL import Image
from torch import Tensor, nn

from yuragi.adapters import (
    Codec,
    DiffusionModel,
    Offload,
    Opening,
    is_edm,
    wrap_edm,
    wrap_pipeline,
)
from yuragi.drag import PointPair, RegionPair
from yuragi.errors import InputError
from yuragi.recipe.build import drag_request, edit_request, inpaint_request, sample_request
from yuragi.recipe.guidance_rule import GuidanceRule
from yuragi.recipe.models import load_model, load_weak
from yuragi.recipe.pictures import Source, digest, read_picture
from yuragi.recipe.request import (
    DiffEditRequest,
    EditRequest,
    InvertRequest,
    LoRA,
    SDEditRequest,
    TranslateRequest,
)
from yuragi.recipe.result import Result
from yuragi.recipe.run import Progress, run

__all__ = ["EditOptions", "Model", "load"]


class EditOptions(TypedDict, total=False):
    """Keywords that every edit by words takes.

    Attributes:
        negative_prompt: what to stay away from, for both conditions of a task.
        sampler: ``sde`` (the default), ``ode`` or ``adaptive``.
        num_inference_steps: levels over the whole time axis, of which `strength` are climbed; 50.
        strength: t0, above 0, at most 1; the default is the task's.
        guidance_scale: 1 is off; 3 by default, 1 for an inversion.
        guidance: weight rule and gain.
        num_images: candidates.
        solver: a name of `yuragi.solver.solvers`; ``ddpm`` for the SDE, ``ddim`` for the ODE.
        eta: noise of the solver ``ddim``, above 0 with the SDE.
        resize: scale picture and mask first, so that the longer side has so many pixels.
        seed: 0 or more; drawn at random when missing, and kept in the result's request.
        on_progress: called with (steps done, steps in all).
    """

    negative_prompt: str
    sampler: Literal["sde", "ode", "adaptive"]
    num_inference_steps: int
    strength: float
    guidance_scale: float
    guidance: GuidanceRule
    num_images: int
    solver: str
    eta: float
    resize: int
    seed: int
    on_progress: Progress


def load(
    source: str | Path | object,
    device: str | None = None,
    dtype: torch.dtype | str | None = None,
    *,
    config: str | Path | None = None,
    codec: Codec | None = None,
    offline: bool = False,
    allow_pickle: bool = False,
    offload: Offload | None = None,
    vae_tiling: bool = False,
    compile: bool = False,
    ip_adapter_image: Source | Sequence[Source] = (),
) -> Model:
    """A model, ready to use.

    Args:
        source: ``"portraits"`` (shipped); a directory, or a single safetensors file, of a pipeline
            of diffusers; ``owner/name`` or ``owner/name@revision`` on the hub; a pipeline object,
            or a network of EDM or EDM2, which stay as they are.
        device: a torch device such as ``"cpu"``; by default the GPU when there is one.
        dtype: of the weights: ``"float32"``, ``"float16"``, ``"bfloat16"``, or a torch dtype; by
            default float32 on a CPU, elsewhere bfloat16 for flows and float16 for others.
        config: for a single file, the directory of a pipeline of its kind.
        codec: for an EDM network on latents.
        offline: never ask the hub.
        allow_pickle: read ``.bin`` and ``.ckpt`` files as plain tensors.
        offload: weights wait in main memory until they are used, a ``model`` at a time or layer by
            layer (``sequential``): slower, for a GPU that is too small.
        vae_tiling: the autoencoder works picture by picture, and large ones tile by tile.
        compile: the network, by `torch.compile`; pays after many pictures.
        ip_adapter_image: for a pipeline object with IP-Adapters, a picture, or one for each.

    Raises:
        InputError: no such model, not in safetensors, damaged, or of a kind that is not supported;
            no such device or precision; options about opening for an object; pictures for
            IP-Adapters that are not there, or none for those that are.
    """
    shown = ip_adapter_image
    images = [shown] if isinstance(shown, str | Path | Image.Image) else list(shown)
    if isinstance(source, str | Path):
        held = None if config is None else Path(config)
        opening = Opening(device, dtype, held, offline, allow_pickle, offload, vae_tiling, compile)
        if images:
            allowed = "empty, or the pipeline as an object, with its IP-Adapters loaded"
            raise InputError("ip_adapter_image", len(images), allowed)
        return Model(str(source), load_model(source, opening))
    for name, value in (
        ("device", device),
        ("dtype", dtype),
        ("offload", offload),
        ("vae_tiling", vae_tiling or None),
        ("compile", compile or None),
        ("config", config),
        ("offline", offline or None),
        ("allow_pickle", allow_pickle or None),
    ):
        if value is not None:
            raise InputError(name, value, "None with an object, which stays as it is")
    if isinstance(source, nn.Module) and is_edm(source):
        if images:
            raise InputError("ip_adapter_image", len(images), "empty with a network")
        loaded = wrap_edm(source, codec)
    else:
        pictures = [read_picture(each, "ip_adapter_image") for each in images]
        loaded = wrap_pipeline(source, pictures)
        card = replace(loaded.card, images=tuple(map(digest, pictures)))
        loaded = replace(loaded, card=card)
    return Model(f"<{type(source).__name__}>", loaded)


@dataclass(frozen=True)
class Model:
    """A loaded model; make one by `load`.

    Attributes:
        name: as given to `load`.
        loaded: its parts.
    """

    name: str
    loaded: DiffusionModel

    def sample(
        self,
        prompt: str,
        *,
        negative_prompt: str = "",
        num_images: int = 1,
        num_inference_steps: int = 20,
        guidance_scale: float = 3.0,
        guidance: GuidanceRule = GuidanceRule(),  # noqa: B008 (frozen)
        solver: str = "dpm++2m",
        eta: float | None = None,
        timestep_spacing: str = "trailing",
        width: int | None = None,
        height: int | None = None,
        latents: Tensor | None = None,
        seed: int | None = None,
        on_progress: Progress = lambda done, total: None,
    ) -> Result:
        """Draw pictures from a prompt.

        Args:
            prompt: what to draw.
            negative_prompt: what to stay away from.
            num_images: how many.
            num_inference_steps: solver steps, 1 to 1000.
            guidance_scale: 1 is off.
            guidance: weight rule and gain, such as ``GuidanceRule(gain="ratio")``.
            solver: a name of `yuragi.solver.solvers`.
            eta: noise of the solver ``ddim``: 0 is the ODE, 1 the SDE.
            timestep_spacing: a name of `yuragi.core.time_grids`, or ``native``: the levels of the
                model's own scheduler, each once.
            width: pixels; the model's own size by default.
            height: likewise.
            latents: start noise (num_images, c, h, w); by default drawn from the seed.
            seed: 0 or more; drawn at random when None, and kept in the result's request.
            on_progress: called with (steps done, steps in all).

        Raises:
            InputError: a value that is not allowed; before the model runs.
        """
        request = sample_request(
            model=self.name,
            prompt=prompt,
            negative_prompt=negative_prompt,
            num_images=num_images,
            num_inference_steps=num_inference_steps,
            guidance_scale=guidance_scale,
            guidance=guidance,
            solver=solver,
            eta=eta,
            timestep_spacing=timestep_spacing,
            width=width,
            height=height,
            latents=latents,
            seed=seed,
        )
        weak = load_weak(request.guidance.weak_model, self.loaded)
        return run(request, self.loaded, {}, on_progress, latents, weak)

    def drag(
        self,
        image: Source,
        points: Sequence[PointPair] = (),
        *,
        regions: Sequence[RegionPair] = (),
        prompt: str = "",
        negative_prompt: str = "",
        num_images: int = 1,
        mask: Source | None = None,
        sampler: Literal["sde", "ode", "adaptive"] = "sde",
        preset: str = "warp",
        num_inference_steps: int | None = None,
        strength: float | None = None,
        guidance_scale: float | None = None,
        guidance: GuidanceRule = GuidanceRule(),  # noqa: B008 (frozen)
        solver: str | None = None,
        eta: float | None = None,
        lora: LoRA | None = None,
        resize: int | None = None,
        seed: int | None = None,
        on_progress: Progress = lambda done, total: None,
    ) -> Result:
        """Move what lies under points of a picture, or within regions, to other places.

        Args:
            image: a path or a picture.
            points: pairs ((x, y), (x, y)) of source and target, in pixels.
            regions: pairs of polygons, corners ((x, y), ...) and where they go, for ``warp``.
            prompt: what the result shows.
            negative_prompt: what to stay away from.
            num_images: candidates; k depends on (seed, k) alone, to rounding. With several,
                ``result.intent`` says how far each carries out what was asked, and
                ``result.ranking`` names the best first.
            mask: white where the picture may change; outside, pixels stay bit for bit.
            sampler: ``sde``, ``ode``, or for ``warp`` also ``adaptive``.
            preset: a name of `yuragi.recipe.presets.PRESETS`; the arguments below override it.
            num_inference_steps: levels over the whole time axis.
            strength: t0, the share of the time axis to climb, above 0, at most 1; higher is more
                realistic and less faithful.
            guidance_scale: for ``paper`` and ``fast`` at t0, ramping down to 1.
            guidance: a gain, such as ``GuidanceRule(gain="reg_forward", refresh=4)``.
            solver: a name of `yuragi.solver.solvers`.
            eta: noise of the solver ``ddim``.
            lora: learn the picture first, such as ``LoRA()``; it is kept for the next time.
            resize: scale picture, mask and points first, so that the longer side has so many
                pixels.
            seed: 0 or more; drawn at random when None, and kept in the result's request.
            on_progress: called with (steps done, steps in all).

        Raises:
            InputError: a value that is not allowed; before the model runs.
        """
        request, sources = drag_request(
            model=self.name,
            image=image,
            points=points,
            regions=regions,
            prompt=prompt,
            negative_prompt=negative_prompt,
            num_images=num_images,
            mask=mask,
            sampler=sampler,
            preset=preset,
            num_inference_steps=num_inference_steps,
            strength=strength,
            guidance_scale=guidance_scale,
            guidance=guidance,
            solver=solver,
            eta=eta,
            lora=lora,
            resize=resize,
            seed=seed,
        )
        return run(request, self.loaded, sources, on_progress)

    def inpaint(
        self,
        image: Source,
        mask: Source | None = None,
        *,
        prompt: str = "",
        expand: Sequence[int] | None = None,
        resample: int = 1,
        **options: Unpack[EditOptions],
    ) -> Result:
        """Fill the white of a mask, or margins that are added to the picture.

        Args:
            image: a path or a picture.
            mask: white where it is filled; outside, pixels stay bit for bit.
            prompt: what the whole result shows.
            expand: pixels to add at left, top, right and bottom (outpainting).
            resample: passes over every level (RePaint), for the sampler ``sde``.
            options: see `EditOptions`.

        Raises:
            InputError: a value that is not allowed; before the model runs.
        """
        on_progress = options.pop("on_progress", _nobody)
        request, sources = inpaint_request(
            model=self.name,
            image=image,
            mask=mask,
            expand=expand,
            prompt=prompt,
            resample=resample,
            **options,
        )
        return self._edit(request, sources, on_progress)

    def sdedit(
        self,
        image: Source,
        *,
        prompt: str,
        mask: Source | None = None,
        **options: Unpack[EditOptions],
    ) -> Result:
        """Image to image: noise the picture up to `strength` (0.6), and come down.

        Args:
            image: a path or a picture: a photo, a sketch, strokes of colour.
            prompt: what the result shows.
            mask: white where the picture may change; outside, pixels stay bit for bit.
            options: see `EditOptions`.

        Raises:
            InputError: a value that is not allowed; before the model runs.
        """
        on_progress = options.pop("on_progress", _nobody)
        request, sources = edit_request(
            SDEditRequest, model=self.name, image=image, mask=mask, prompt=prompt, **options
        )
        return self._edit(request, sources, on_progress)

    def translate(
        self,
        image: Source,
        *,
        source_prompt: str,
        prompt: str,
        mask: Source | None = None,
        encoder: Literal["chain", "independent"] = "chain",
        source_guidance_scale: float = 1.0,
        **options: Unpack[EditOptions],
    ) -> Result:
        """From what a picture shows to what it shall show: Cycle-SDE, or DDIB with the ODE.

        Args:
            image: a path or a picture.
            source_prompt: what the picture shows.
            prompt: what the result shows.
            mask: white where the picture may change; outside, pixels stay bit for bit.
            encoder: ``chain``, or ``independent`` (edit-friendly); for the sampler ``sde``.
            source_guidance_scale: of the picture's own denoiser.
            options: see `EditOptions`; the strength is 0.8.

        Raises:
            InputError: a value that is not allowed; before the model runs.
        """
        on_progress = options.pop("on_progress", _nobody)
        request, sources = edit_request(
            TranslateRequest,
            model=self.name,
            image=image,
            mask=mask,
            source_prompt=source_prompt,
            prompt=prompt,
            encoder=encoder,
            source_guidance_scale=source_guidance_scale,
            **options,
        )
        return self._edit(request, sources, on_progress)

    def diffedit(
        self,
        image: Source,
        *,
        source_prompt: str,
        prompt: str,
        mask: Source | None = None,
        mask_strength: float = 0.5,
        mask_samples: int = 10,
        mask_threshold: float = 0.5,
        source_guidance_scale: float = 1.0,
        **options: Unpack[EditOptions],
    ) -> Result:
        """Translate only where the two prompts disagree about the picture.

        Args:
            image: a path or a picture.
            source_prompt: what the picture shows.
            prompt: what the result shows.
            mask: changes stay within its white, too.
            mask_strength: noise at which the predictions are compared, as a share of time.
            mask_samples: noises to average over.
            mask_threshold: 0 to 1; higher masks are smaller. ``result.mask`` is the mask found.
            source_guidance_scale: of the picture's own denoiser.
            options: see `EditOptions`; the strength is 0.7.

        Raises:
            InputError: a value that is not allowed; before the model runs.
        """
        on_progress = options.pop("on_progress", _nobody)
        request, sources = edit_request(
            DiffEditRequest,
            model=self.name,
            image=image,
            mask=mask,
            source_prompt=source_prompt,
            prompt=prompt,
            mask_strength=mask_strength,
            mask_samples=mask_samples,
            mask_threshold=mask_threshold,
            source_guidance_scale=source_guidance_scale,
            **options,
        )
        return self._edit(request, sources, on_progress)

    def invert(
        self,
        image: Source,
        *,
        prompt: str = "",
        encoder: Literal["chain", "independent"] = "chain",
        **options: Unpack[EditOptions],
    ) -> Result:
        """Up in noise and down again: does the model hold this picture?

        Args:
            image: a path or a picture.
            prompt: what it shows.
            encoder: as in `translate`.
            options: see `EditOptions`; strength and scale are 1.

        Returns:
            the picture that came back; ``result.reconstruction`` says how well.

        Raises:
            InputError: a value that is not allowed; before the model runs.
        """
        on_progress = options.pop("on_progress", _nobody)
        request, sources = edit_request(
            InvertRequest,
            model=self.name,
            image=image,
            prompt=prompt,
            encoder=encoder,
            **options,
        )
        return self._edit(request, sources, on_progress)

    def _edit(
        self, request: EditRequest, sources: Mapping[str, Image.Image], on_progress: Progress
    ) -> Result:
        weak = load_weak(request.guidance.weak_model, self.loaded)
        return run(request, self.loaded, sources, on_progress, weak=weak)


def _nobody(done: int, total: int) -> None:
    """Nobody watches."""
