"""Edits of a picture by words: `yuragi inpaint | sdedit | translate | diffedit | invert`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yuragi.cli.files import candidates, check_output
from yuragi.cli.loading import load_quietly
from yuragi.cli.options import (
    EncoderOption,
    MaskOption,
    PictureArgument,
    PromptOption,
    ResultOption,
    SourcePromptOption,
    SourceScaleOption,
)
from yuragi.cli.progress import progress, say
from yuragi.cli.shared import Shared, with_shared
from yuragi.errors import InputError

if TYPE_CHECKING:
    from PIL import Image

    from yuragi.recipe.request import EditRequest
    from yuragi.recipe.result import Result

__all__ = ["diffedit", "inpaint", "invert", "sdedit", "translate"]


@with_shared
def inpaint(
    image: PictureArgument,
    output: ResultOption,
    shared: Shared,
    prompt: PromptOption = "",
    mask: MaskOption = None,
    expand: Annotated[
        str | None,
        typer.Option(help="Pixels to add around the picture, e.g. 32,0,32,0.", metavar="L,T,R,B"),
    ] = None,
    resample: Annotated[
        int, typer.Option(help="Passes over every level (RePaint), with the sampler sde.")
    ] = 1,
) -> None:
    """Fill the white of a mask, or what is added around a picture."""
    from yuragi.recipe.build import inpaint_request

    paths = _outputs(output, shared, [image, mask])
    request, sources = inpaint_request(
        image=image,
        mask=mask,
        expand=None if expand is None else _margins(expand),
        prompt=prompt,
        resample=resample,
        **shared.values(),
    )
    _finish(request, sources, paths, shared)


@with_shared
def sdedit(
    image: PictureArgument,
    output: ResultOption,
    prompt: PromptOption,
    shared: Shared,
    mask: MaskOption = None,
) -> None:
    """Image to image: noise the picture up to the strength, and come down under the prompt."""
    from yuragi.recipe.build import edit_request
    from yuragi.recipe.request import SDEditRequest

    paths = _outputs(output, shared, [image, mask])
    request, sources = edit_request(
        SDEditRequest, image=image, mask=mask, prompt=prompt, **shared.values()
    )
    _finish(request, sources, paths, shared)


@with_shared
def translate(
    image: PictureArgument,
    output: ResultOption,
    source_prompt: SourcePromptOption,
    prompt: PromptOption,
    shared: Shared,
    mask: MaskOption = None,
    encoder: EncoderOption = "chain",
    source_scale: SourceScaleOption = 1.0,
) -> None:
    """From what a picture shows to what it shall show: Cycle-SDE, or DDIB with the ODE."""
    from yuragi.recipe.build import edit_request
    from yuragi.recipe.request import TranslateRequest

    paths = _outputs(output, shared, [image, mask])
    request, sources = edit_request(
        TranslateRequest,
        image=image,
        mask=mask,
        source_prompt=source_prompt,
        prompt=prompt,
        encoder=encoder,
        source_guidance_scale=source_scale,
        **shared.values(),
    )
    _finish(request, sources, paths, shared)


@with_shared
def diffedit(
    image: PictureArgument,
    output: ResultOption,
    source_prompt: SourcePromptOption,
    prompt: PromptOption,
    shared: Shared,
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
) -> None:
    """Translate only where two prompts disagree about the picture."""
    from yuragi.recipe.build import edit_request
    from yuragi.recipe.request import DiffEditRequest

    paths = _outputs(output, shared, [image, mask])
    if save_mask is not None:
        taken = [image, *([mask] if mask else []), *paths]
        check_output("save_mask", save_mask, taken, shared.overwrite, (".png",))
    request, sources = edit_request(
        DiffEditRequest,
        image=image,
        mask=mask,
        source_prompt=source_prompt,
        prompt=prompt,
        mask_strength=mask_strength,
        mask_samples=mask_samples,
        mask_threshold=mask_threshold,
        source_guidance_scale=source_scale,
        **shared.values(),
    )
    result = _finish(request, sources, paths, shared)
    if save_mask is not None and result.mask is not None:
        save_mask.parent.mkdir(parents=True, exist_ok=True)
        result.mask.save(save_mask)
        typer.echo(save_mask)


@with_shared
def invert(
    image: PictureArgument,
    output: ResultOption,
    shared: Shared,
    prompt: PromptOption = "",
    encoder: EncoderOption = "chain",
) -> None:
    """Up in noise and down again: does the model hold this picture?"""
    from yuragi.recipe.build import edit_request
    from yuragi.recipe.request import InvertRequest

    paths = _outputs(output, shared, [image])
    request, sources = edit_request(
        InvertRequest, image=image, prompt=prompt, encoder=encoder, **shared.values()
    )
    made = _finish(request, sources, paths, shared).reconstruction
    if made is not None:
        say(f"reconstruction {made.psnr:.2f} dB (the codec alone: {made.codec_psnr:.2f} dB)")
        shown = made.curve[:: max(1, len(made.curve) // 10)]
        say("distance from the path: " + " ".join(f"{value:.4f}" for value in shown))


def _margins(text: str) -> tuple[int, ...]:
    """Four numbers from L,T,R,B."""
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise InputError("expand", text, "L,T,R,B: four whole numbers of pixels") from error


def _outputs(output: Path, shared: Shared, read: list[Path | None]) -> list[Path]:
    """Files for the candidates: the output itself, or numbered ones beside it."""
    paths = candidates(output, shared.number)
    taken = [path for path in read if path is not None]
    for path in paths:
        check_output("output", path, taken, shared.overwrite, (".png",))
    return paths


def _finish(
    request: EditRequest, sources: Mapping[str, Image.Image], paths: list[Path], shared: Shared
) -> Result:
    """Run the request, write its pictures and say what it took."""
    from yuragi.recipe.run import run

    loaded = load_quietly(request.model, shared.device)
    with progress("editing", shared.quiet) as on_progress:
        result = run(request, loaded, sources, on_progress)
    for index, path in enumerate(paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        result.save(path, index, embed_sources=shared.embed)
        typer.echo(path)
    say(f"seed {request.seed}, {result.evaluations} network evaluations")
    return result
