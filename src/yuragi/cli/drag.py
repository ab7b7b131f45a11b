"""`yuragi drag`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yuragi.cli.files import candidates, check_output
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
    ResizeOption,
    ResultOption,
    SamplerOption,
    SeedOption,
    SolverOption,
    StrengthOption,
    number_or_word,
)
from yuragi.cli.progress import progress, say
from yuragi.errors import InputError

if TYPE_CHECKING:
    from PIL import Image

    from yuragi.drag import RegionPair
    from yuragi.recipe.request import DragRequest, LoRA

__all__ = ["drag"]


def drag(
    image: PictureArgument,
    output: ResultOption,
    point: Annotated[
        list[str] | None,
        typer.Option(
            help="Source and target in pixels, e.g. 70,52:70,40. May be given several times.",
            metavar="X,Y:X,Y",
        ),
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option(
            help="Corners of a polygon and where they go, e.g. '9,9 40,9 40,40:19,9 50,9 50,40'. "
            "May be given several times.",
            metavar="'X,Y X,Y X,Y:X,Y X,Y X,Y'",
        ),
    ] = None,
    select: Annotated[
        str | None,
        typer.Option(
            help="Corners of a polygon, for --move, --rotate and --enlarge.",
            metavar="'X,Y X,Y X,Y'",
        ),
    ] = None,
    move: Annotated[
        str | None,
        typer.Option(help="The selection's way to the right and down.", metavar="DX,DY"),
    ] = None,
    rotate: Annotated[
        float | None, typer.Option(help="The selection's turn, clockwise, degrees.")
    ] = None,
    enlarge: Annotated[
        float | None, typer.Option(help="The selection's new size; below 1 it shrinks.")
    ] = None,
    prompt: PromptOption = "",
    negative_prompt: NegativeOption = "",
    mask: MaskOption = None,
    sampler: SamplerOption = "sde",
    number: CandidatesOption = 1,
    preset: Annotated[str, typer.Option(help="warp, paper or fast.")] = "warp",
    steps: Annotated[
        int | None, typer.Option(help="Levels over the whole time axis; by default the preset's.")
    ] = None,
    strength: StrengthOption = None,
    scale: Annotated[
        float | None, typer.Option(help="Guidance scale; by default the preset's.")
    ] = None,
    gain: GainOption = "plain",
    gamma: GammaOption = None,
    refresh: RefreshOption = 1,
    solver: SolverOption = None,
    eta: EtaOption = None,
    lora: Annotated[
        bool,
        typer.Option("--lora", help="Learn the picture first; kept for the next time."),
    ] = False,
    lora_rank: Annotated[int | None, typer.Option(help="With --lora; 16.")] = None,
    lora_steps: Annotated[int | None, typer.Option(help="With --lora; 100.")] = None,
    lora_learning_rate: Annotated[float | None, typer.Option(help="With --lora; 2e-4.")] = None,
    seed: SeedOption = None,
    model: ModelOption = "portraits",
    device: DeviceOption = None,
    compare: Annotated[
        Path | None, typer.Option(help="Also write before and after, with the points drawn in.")
    ] = None,
    animation: Annotated[
        Path | None, typer.Option(help="Also write the steps (.gif, .webp or .png).")
    ] = None,
    only_preview: Annotated[
        bool, typer.Option("--preview", help="Only the warp of the preset warp: no model runs.")
    ] = False,
    embed: EmbedOption = True,
    max_pixels: PixelsOption = 40_000_000,
    resize: ResizeOption = None,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
) -> None:
    """Move what lies under points of a picture, or within regions, to other places."""
    from yuragi.drag import parse_point, parse_region
    from yuragi.recipe.build import drag_request
    from yuragi.recipe.guidance_rule import GuidanceRule
    from yuragi.recipe.run import run
    from yuragi.show import ANIMATIONS, before_after, save_animation

    paths = candidates(output, number)
    taken = [image, *([mask] if mask else [])]
    for name, path, suffixes in (
        *(("output", path, (".png",)) for path in paths),
        ("compare", compare, (".png", ".jpg", ".webp")),
        ("animation", animation, ANIMATIONS),
    ):
        if path is not None:
            check_output(name, path, taken, overwrite, suffixes)
            taken.append(path)
    request, sources = drag_request(
        model=model,
        image=image,
        points=[parse_point(text) for text in point or []],
        regions=[
            *[parse_region(text) for text in region or []],
            *_selected(select, move, rotate, enlarge),
        ],
        prompt=prompt,
        negative_prompt=negative_prompt,
        num_images=number,
        mask=mask,
        sampler=sampler,
        preset=preset,
        num_inference_steps=steps,
        strength=strength,
        guidance_scale=scale,
        guidance=GuidanceRule(gain=gain, gamma=number_or_word(gamma), refresh=refresh),
        solver=solver,
        eta=eta,
        lora=_lora(lora, lora_rank, lora_steps, lora_learning_rate),
        seed=seed,
        max_pixels=max_pixels,
        resize=resize,
    )
    if only_preview:
        _write_preview(request, sources, output, compare)
        return
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
    for index, path in enumerate(paths):
        result.save(path, index, embed_sources=embed)
        typer.echo(path)
    for index in result.ranking:
        parts = asdict(result.intent[index])
        shown = ", ".join(f"{name} {value:.2f}" for name, value in parts.items())
        say(f"{paths[index].name}: intent {result.intent[index].score:.3f} ({shown})")
    if compare:
        before_after(result.frames[0], result.image, request).save(compare)
        typer.echo(compare)
    if animation:
        save_animation(result.frames, animation)
        typer.echo(animation)
    say(f"seed {request.seed}, {result.evaluations} network evaluations")


def _selected(
    corners: str | None, move: str | None, rotate: float | None, enlarge: float | None
) -> list[RegionPair]:
    """What the handles of a selection ask for."""
    from yuragi.drag import parse_corners, placed

    if corners is None:
        for name, value in (("move", move), ("rotate", rotate), ("enlarge", enlarge)):
            if value is not None:
                raise InputError(name, value, "together with --select")
        return []
    way = (0.0, 0.0) if move is None else _pair(move)
    turn, size = (default if x is None else x for x, default in ((rotate, 0.0), (enlarge, 1.0)))
    return [placed(parse_corners("select", corners), way, turn, size)]


def _pair(text: str) -> tuple[float, float]:
    """Two numbers from DX,DY."""
    try:
        right, down = (float(part) for part in text.split(","))
    except ValueError as error:
        raise InputError("move", text, "DX,DY: two numbers of pixels") from error
    return right, down


def _lora(
    wanted: bool, rank: int | None, steps: int | None, learning_rate: float | None
) -> LoRA | None:
    """What the LoRA's options ask for."""
    from pydantic import ValidationError

    from yuragi.recipe.request import LoRA
    from yuragi.recipe.values import refusal

    given = {"rank": rank, "steps": steps, "learning_rate": learning_rate}
    values = {name: value for name, value in given.items() if value is not None}
    if not wanted:
        for name, value in values.items():
            raise InputError(f"lora_{name}", value, "together with --lora")
        return None
    try:
        return LoRA.model_validate(values)
    except ValidationError as error:
        found = refusal(error, values)
        raise InputError(f"lora_{found.argument}", found.value, found.allowed) from error


def _write_preview(
    request: DragRequest, sources: Mapping[str, Image.Image], output: Path, compare: Path | None
) -> None:
    """Write the warp alone."""
    from yuragi.recipe.request import WarpMethod
    from yuragi.recipe.run_warp import preview
    from yuragi.show import before_after

    if not isinstance(request.method, WarpMethod):
        raise InputError("preset", request.preset, "warp with --preview")
    before = sources[request.image.digest]
    mask = None if request.mask is None else sources[request.mask.digest]
    warped = preview(request, before, mask)
    for path in (output, compare):
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
    warped.save(output)
    typer.echo(output)
    if compare:
        before_after(before, warped, request).save(compare)
        typer.echo(compare)
