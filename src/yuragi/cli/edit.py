"""Edits of a picture by words: `yuragi inpaint | sdedit | translate | diffedit | invert`.

All of them share their options and what is done with the result; a command adds its own options and
builds the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yuragi.cli.files import check_output
from yuragi.cli.loading import load_quietly
from yuragi.cli.options import (
    CandidatesOption,
    DeviceOption,
    EmbedOption,
    EtaOption,
    GainOption,
    GammaOption,
    MaskOption,
    ModelOption,
    NegativeOption,
    OverwriteOption,
    PictureArgument,
    PixelsOption,
    PromptOption,
    QuietOption,
    RefreshOption,
    ResultOption,
    SamplerOption,
    ScaleOption,
    SeedOption,
    SolverOption,
    SourcePromptOption,
    SourceScaleOption,
    StepsOption,
    StrengthOption,
    number_or_word,
)
from yuragi.cli.progress import progress, say
from yuragi.errors import InputError

if TYPE_CHECKING:
    from PIL import Image

    from yuragi.recipe.request import EditRequest
    from yuragi.recipe.result import Result

__all__ = ["diffedit", "inpaint", "invert", "sdedit", "translate"]


def inpaint(
    image: PictureArgument,
    output: ResultOption,
    prompt: PromptOption = "",
    mask: MaskOption = None,
    expand: Annotated[
        str | None,
        typer.Option(help="Pixels to add around the picture, e.g. 32,0,32,0.", metavar="L,T,R,B"),
    ] = None,
    resample: Annotated[
        int, typer.Option(help="Passes over every level (RePaint), with the sampler sde.")
    ] = 1,
    negative_prompt: NegativeOption = "",
    number: CandidatesOption = 1,
    sampler: SamplerOption = "sde",
    steps: StepsOption = None,
    strength: StrengthOption = None,
    scale: ScaleOption = None,
    gain: GainOption = "plain",
    gamma: GammaOption = None,
    refresh: RefreshOption = 1,
    solver: SolverOption = None,
    eta: EtaOption = None,
    seed: SeedOption = None,
    model: ModelOption = "portraits",
    device: DeviceOption = None,
    embed: EmbedOption = True,
    max_pixels: PixelsOption = 40_000_000,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
) -> None:
    """Fill the white of a mask, or what is added around a picture."""
    from yuragi.recipe.build import inpaint_request

    paths = _outputs(output, number, [image, mask], overwrite)
    request, sources = inpaint_request(
        model=model,
        image=image,
        mask=mask,
        expand=None if expand is None else _margins(expand),
        max_pixels=max_pixels,
        prompt=prompt,
        resample=resample,
        negative_prompt=negative_prompt,
        num_images=number,
        sampler=sampler,
        num_inference_steps=steps,
        strength=strength,
        guidance_scale=scale,
        guidance=_rule(gain, gamma, refresh),
        solver=solver,
        eta=eta,
        seed=seed,
    )
    _finish(request, sources, paths, device, embed, quiet)


def sdedit(
    image: PictureArgument,
    output: ResultOption,
    prompt: PromptOption,
    mask: MaskOption = None,
    negative_prompt: NegativeOption = "",
    number: CandidatesOption = 1,
    sampler: SamplerOption = "sde",
    steps: StepsOption = None,
    strength: StrengthOption = None,
    scale: ScaleOption = None,
    gain: GainOption = "plain",
    gamma: GammaOption = None,
    refresh: RefreshOption = 1,
    solver: SolverOption = None,
    eta: EtaOption = None,
    seed: SeedOption = None,
    model: ModelOption = "portraits",
    device: DeviceOption = None,
    embed: EmbedOption = True,
    max_pixels: PixelsOption = 40_000_000,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
) -> None:
    """Image to image: noise the picture up to the strength, and come down under the prompt."""
    from yuragi.recipe.build import edit_request
    from yuragi.recipe.request import SDEditRequest

    paths = _outputs(output, number, [image, mask], overwrite)
    request, sources = edit_request(
        SDEditRequest,
        model=model,
        image=image,
        mask=mask,
        max_pixels=max_pixels,
        prompt=prompt,
        negative_prompt=negative_prompt,
        num_images=number,
        sampler=sampler,
        num_inference_steps=steps,
        strength=strength,
        guidance_scale=scale,
        guidance=_rule(gain, gamma, refresh),
        solver=solver,
        eta=eta,
        seed=seed,
    )
    _finish(request, sources, paths, device, embed, quiet)


def translate(
    image: PictureArgument,
    output: ResultOption,
    source_prompt: SourcePromptOption,
    prompt: PromptOption,
    mask: MaskOption = None,
    encoder: Annotated[
        str, typer.Option(help="chain, or independent (edit-friendly), with the sampler sde.")
    ] = "chain",
    source_scale: SourceScaleOption = 1.0,
    negative_prompt: NegativeOption = "",
    number: CandidatesOption = 1,
    sampler: SamplerOption = "sde",
    steps: StepsOption = None,
    strength: StrengthOption = None,
    scale: ScaleOption = None,
    gain: GainOption = "plain",
    gamma: GammaOption = None,
    refresh: RefreshOption = 1,
    solver: SolverOption = None,
    eta: EtaOption = None,
    seed: SeedOption = None,
    model: ModelOption = "portraits",
    device: DeviceOption = None,
    embed: EmbedOption = True,
    max_pixels: PixelsOption = 40_000_000,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
) -> None:
    """From what a picture shows to what it shall show: Cycle-SDE, or DDIB with the ODE."""
    from yuragi.recipe.build import edit_request
    from yuragi.recipe.request import TranslateRequest

    paths = _outputs(output, number, [image, mask], overwrite)
    request, sources = edit_request(
        TranslateRequest,
        model=model,
        image=image,
        mask=mask,
        max_pixels=max_pixels,
        source_prompt=source_prompt,
        prompt=prompt,
        encoder=encoder,
        source_guidance_scale=source_scale,
        negative_prompt=negative_prompt,
        num_images=number,
        sampler=sampler,
        num_inference_steps=steps,
        strength=strength,
        guidance_scale=scale,
        guidance=_rule(gain, gamma, refresh),
        solver=solver,
        eta=eta,
        seed=seed,
    )
    _finish(request, sources, paths, device, embed, quiet)


def diffedit(
    image: PictureArgument,
    output: ResultOption,
    source_prompt: SourcePromptOption,
    prompt: PromptOption,
    mask: MaskOption = None,
    mask_strength: Annotated[
        float, typer.Option(help="Noise at which the predictions are compared.")
    ] = 0.5,
    mask_samples: Annotated[int, typer.Option(help="Noises to average over.")] = 10,
    mask_threshold: Annotated[
        float, typer.Option(help="0 to 1; a higher one makes the mask smaller.")
    ] = 0.5,
    save_mask: Annotated[
        Path | None, typer.Option(help="Also write the mask that was found (PNG).")
    ] = None,
    source_scale: SourceScaleOption = 1.0,
    negative_prompt: NegativeOption = "",
    number: CandidatesOption = 1,
    sampler: SamplerOption = "sde",
    steps: StepsOption = None,
    strength: StrengthOption = None,
    scale: ScaleOption = None,
    gain: GainOption = "plain",
    gamma: GammaOption = None,
    refresh: RefreshOption = 1,
    solver: SolverOption = None,
    eta: EtaOption = None,
    seed: SeedOption = None,
    model: ModelOption = "portraits",
    device: DeviceOption = None,
    embed: EmbedOption = True,
    max_pixels: PixelsOption = 40_000_000,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
) -> None:
    """Translate only where two prompts disagree about the picture."""
    from yuragi.recipe.build import edit_request
    from yuragi.recipe.request import DiffEditRequest

    paths = _outputs(output, number, [image, mask], overwrite)
    if save_mask is not None:
        taken = [image, *([mask] if mask else []), *paths]
        check_output("save_mask", save_mask, taken, overwrite, (".png",))
    request, sources = edit_request(
        DiffEditRequest,
        model=model,
        image=image,
        mask=mask,
        max_pixels=max_pixels,
        source_prompt=source_prompt,
        prompt=prompt,
        mask_strength=mask_strength,
        mask_samples=mask_samples,
        mask_threshold=mask_threshold,
        source_guidance_scale=source_scale,
        negative_prompt=negative_prompt,
        num_images=number,
        sampler=sampler,
        num_inference_steps=steps,
        strength=strength,
        guidance_scale=scale,
        guidance=_rule(gain, gamma, refresh),
        solver=solver,
        eta=eta,
        seed=seed,
    )
    result = _finish(request, sources, paths, device, embed, quiet)
    if save_mask is not None and result.mask is not None:
        save_mask.parent.mkdir(parents=True, exist_ok=True)
        result.mask.save(save_mask)
        typer.echo(save_mask)


def invert(
    image: PictureArgument,
    output: ResultOption,
    prompt: PromptOption = "",
    negative_prompt: NegativeOption = "",
    sampler: SamplerOption = "sde",
    steps: StepsOption = None,
    strength: StrengthOption = None,
    scale: ScaleOption = None,
    solver: SolverOption = None,
    eta: EtaOption = None,
    seed: SeedOption = None,
    model: ModelOption = "portraits",
    device: DeviceOption = None,
    embed: EmbedOption = True,
    max_pixels: PixelsOption = 40_000_000,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
) -> None:
    """Up in noise and down again: does the model hold this picture?"""
    from yuragi.recipe.build import edit_request
    from yuragi.recipe.request import InvertRequest

    paths = _outputs(output, 1, [image], overwrite)
    request, sources = edit_request(
        InvertRequest,
        model=model,
        image=image,
        max_pixels=max_pixels,
        prompt=prompt,
        negative_prompt=negative_prompt,
        sampler=sampler,
        num_inference_steps=steps,
        strength=strength,
        guidance_scale=scale,
        solver=solver,
        eta=eta,
        seed=seed,
    )
    made = _finish(request, sources, paths, device, embed, quiet).reconstruction
    if made is not None:
        say(f"reconstruction {made.psnr:.2f} dB (the codec alone: {made.codec_psnr:.2f} dB)")
        shown = made.curve[:: max(1, len(made.curve) // 10)]
        say("distance from the path: " + " ".join(f"{value:.4f}" for value in shown))


def _rule(gain: str, gamma: str | None, refresh: int) -> object:
    from yuragi.recipe.guidance_rule import GuidanceRule

    return GuidanceRule(gain=gain, gamma=number_or_word(gamma), refresh=refresh)


def _margins(text: str) -> tuple[int, ...]:
    """Four numbers from L,T,R,B."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise InputError("expand", text, "L,T,R,B: four whole numbers of pixels") from error


def _outputs(output: Path, number: int, read: list[Path | None], overwrite: bool) -> list[Path]:
    """Files for the candidates: the output itself, or numbered ones beside it."""
    paths = [output]
    if number > 1:
        paths = [output.with_stem(f"{output.stem}-{k:04d}") for k in range(number)]
    for path in paths:
        check_output("output", path, [p for p in read if p is not None], overwrite, (".png",))
    return paths


def _finish(
    request: EditRequest,
    sources: Mapping[str, Image.Image],
    paths: list[Path],
    device: str | None,
    embed: bool,
    quiet: bool,
) -> Result:
    """Run the request, write its pictures and say what it took."""
    from yuragi.recipe.run import run

    loaded = load_quietly(request.model, device)
    with progress("editing", quiet) as on_progress:
        result = run(request, loaded, sources, on_progress)
    for index, path in enumerate(paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        result.save(path, index, embed_sources=embed)
        typer.echo(path)
    say(f"seed {request.seed}, {result.evaluations} network evaluations")
    return result
