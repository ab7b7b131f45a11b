"""`yuragi drag`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yuragi.cli.files import check_output
from yuragi.cli.loading import load_quietly
from yuragi.cli.options import (
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
    SeedOption,
    SolverOption,
    StrengthOption,
    number_or_word,
)
from yuragi.cli.progress import progress, say

__all__ = ["drag"]


def drag(
    image: PictureArgument,
    point: Annotated[
        list[str],
        typer.Option(
            help="Source and target in pixels, e.g. 70,52:70,40. May be given several times.",
            metavar="X,Y:X,Y",
        ),
    ],
    output: ResultOption,
    prompt: PromptOption = "",
    negative_prompt: NegativeOption = "",
    mask: MaskOption = None,
    sampler: SamplerOption = "sde",
    preset: Annotated[str, typer.Option(help="paper or fast.")] = "paper",
    steps: Annotated[
        int | None, typer.Option(help="Levels over the whole time axis; by default the preset's.")
    ] = None,
    strength: StrengthOption = None,
    scale: Annotated[
        float | None, typer.Option(help="Guidance scale at t0, ramping down to 1.")
    ] = None,
    gain: GainOption = "plain",
    gamma: GammaOption = None,
    refresh: RefreshOption = 1,
    solver: SolverOption = None,
    eta: EtaOption = None,
    seed: SeedOption = None,
    model: ModelOption = "portraits",
    device: DeviceOption = None,
    compare: Annotated[
        Path | None, typer.Option(help="Also write before and after, with the points drawn in.")
    ] = None,
    animation: Annotated[
        Path | None, typer.Option(help="Also write the steps (.gif, .webp or .png).")
    ] = None,
    embed: EmbedOption = True,
    max_pixels: PixelsOption = 40_000_000,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
) -> None:
    """Move what lies under points of a picture to other places."""
    from yuragi.drag import parse_point
    from yuragi.recipe.build import drag_request
    from yuragi.recipe.guidance_rule import GuidanceRule
    from yuragi.recipe.run import run
    from yuragi.show import ANIMATIONS, before_after, save_animation

    taken = [image, *([mask] if mask else [])]
    for name, path, suffixes in (
        ("output", output, (".png",)),
        ("compare", compare, (".png", ".jpg", ".webp")),
        ("animation", animation, ANIMATIONS),
    ):
        if path is not None:
            check_output(name, path, taken, overwrite, suffixes)
            taken.append(path)
    request, sources = drag_request(
        model=model,
        image=image,
        points=[parse_point(text) for text in point],
        prompt=prompt,
        negative_prompt=negative_prompt,
        mask=mask,
        sampler=sampler,
        preset=preset,
        num_inference_steps=steps,
        strength=strength,
        guidance_scale=scale,
        guidance=GuidanceRule(gain=gain, gamma=number_or_word(gamma), refresh=refresh),
        solver=solver,
        eta=eta,
        seed=seed,
        max_pixels=max_pixels,
    )
    loaded = load_quietly(model, device)
    native, size = loaded.native_size, (request.image.width, request.image.height)
    if not native / 2 <= max(size) <= native * 2:
        say(
            f"note: the picture has {size[0]}x{size[1]} pixels; "
            f"this model is at its best around {native}x{native}"
        )
    with progress("dragging", quiet) as on_progress:
        result = run(request, loaded, sources, on_progress)
    for path in (output, compare, animation):
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
    result.save(output, embed_sources=embed)
    typer.echo(output)
    if compare:
        before_after(result.frames[0], result.image, request).save(compare)
        typer.echo(compare)
    if animation:
        save_animation(result.frames, animation)
        typer.echo(animation)
    say(
        f"seed {request.seed}, {len(result.frames) - 1} sub-drags, "
        f"{result.evaluations} network evaluations"
    )
