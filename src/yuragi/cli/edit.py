"""Commands that make pictures: drag, sample, replay."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yuragi.cli.files import check_folder, check_output
from yuragi.cli.options import (
    DeviceOption,
    GainOption,
    GammaOption,
    ModelOption,
    OverwriteOption,
    QuietOption,
    RefreshOption,
    SeedOption,
)
from yuragi.cli.progress import progress, say
from yuragi.errors import InputError

if TYPE_CHECKING:
    from yuragi.adapters import DiffusionModel

__all__ = ["drag", "load_quietly", "replay", "sample"]


def drag(
    image: Annotated[Path, typer.Argument(help="Picture to edit (PNG, JPEG, WebP, ...).")],
    point: Annotated[
        list[str],
        typer.Option(
            help="Source and target in pixels, e.g. 70,52:70,40. May be given several times.",
            metavar="X,Y:X,Y",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="PNG to write.")],
    prompt: Annotated[str, typer.Option(help="What the result shows.")] = "",
    negative_prompt: Annotated[str, typer.Option(help="What to stay away from.")] = "",
    mask: Annotated[
        Path | None,
        typer.Option(help="Picture of the same size: white may change, black stays as it is."),
    ] = None,
    sampler: Annotated[str, typer.Option(help="sde (Cycle-SDE) or ode.")] = "sde",
    preset: Annotated[str, typer.Option(help="paper or fast.")] = "paper",
    steps: Annotated[
        int | None, typer.Option(help="Levels over the whole time axis; by default the preset's.")
    ] = None,
    t0: Annotated[
        float | None,
        typer.Option(help="Share of the time axis to climb: higher is more realistic, less true."),
    ] = None,
    scale: Annotated[
        float | None, typer.Option(help="Guidance scale at t0, ramping down to 1.")
    ] = None,
    gain: GainOption = "plain",
    gamma: GammaOption = None,
    refresh: RefreshOption = 1,
    solver: Annotated[str | None, typer.Option(help="Instead of the preset's, e.g. ddim.")] = None,
    eta: Annotated[
        float | None, typer.Option(help="Noise of solver ddim: 0 is the ODE, 1 the SDE.")
    ] = None,
    seed: SeedOption = None,
    model: ModelOption = "portraits",
    device: DeviceOption = None,
    compare: Annotated[
        Path | None, typer.Option(help="Also write before and after, with the points drawn in.")
    ] = None,
    animation: Annotated[
        Path | None, typer.Option(help="Also write the steps (.gif, .webp or .png).")
    ] = None,
    embed: Annotated[
        bool, typer.Option(help="Carry the input in the result, so that it alone can be replayed.")
    ] = True,
    max_pixels: Annotated[int, typer.Option(help="Refuse larger pictures.")] = 40_000_000,
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
        strength=t0,
        guidance_scale=scale,
        guidance=GuidanceRule(gain=gain, gamma=_gamma(gamma), refresh=refresh),
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


def sample(
    prompt: Annotated[str, typer.Option(help="What to draw.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the pictures.")],
    number: Annotated[int, typer.Option("--number", "-n", help="How many.")] = 1,
    negative_prompt: Annotated[str, typer.Option(help="What to stay away from.")] = "",
    steps: Annotated[int, typer.Option(help="Solver steps.")] = 20,
    scale: Annotated[float, typer.Option(help="Guidance scale; 1 is off.")] = 3.0,
    guidance: Annotated[
        str, typer.Option(help="Scale over the steps: cfg, linear, cosine, interval or auto.")
    ] = "cfg",
    interval: Annotated[
        str | None,
        typer.Option(
            help="With --guidance interval: sigma / alpha, e.g. 0.28:2.9, or shares of the steps, "
            "e.g. 20%:80%.",
            metavar="LOW:HIGH",
        ),
    ] = None,
    start: Annotated[
        float | None, typer.Option(help="With --guidance linear: scale at the first step.")
    ] = None,
    power: Annotated[
        float | None, typer.Option(help="With --guidance cosine: higher starts later.")
    ] = None,
    weak_model: Annotated[
        str | None,
        typer.Option(help="With --guidance auto: a weaker model.", metavar="NAME|PATH"),
    ] = None,
    gain: GainOption = "plain",
    gamma: GammaOption = None,
    refresh: RefreshOption = 1,
    stress: Annotated[bool, typer.Option("--stress", help="Measure over-guidance.")] = False,
    solver: Annotated[str, typer.Option(help="Name of a solver.")] = "dpm++2m",
    eta: Annotated[
        float | None, typer.Option(help="Noise of solver ddim: 0 is the ODE, 1 the SDE.")
    ] = None,
    spacing: Annotated[str, typer.Option(help="Name of a time grid.")] = "trailing",
    width: Annotated[int | None, typer.Option(help="Pixels; the model's own by default.")] = None,
    height: Annotated[int | None, typer.Option(help="Pixels; the model's own by default.")] = None,
    seed: SeedOption = None,
    model: ModelOption = "portraits",
    device: DeviceOption = None,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
) -> None:
    """Draw pictures from a prompt."""
    from yuragi.recipe.build import sample_request
    from yuragi.recipe.guidance_rule import GuidanceRule
    from yuragi.recipe.models import load_weak
    from yuragi.recipe.run import run

    request = sample_request(
        model=model,
        prompt=prompt,
        negative_prompt=negative_prompt,
        num_images=number,
        num_inference_steps=steps,
        guidance_scale=scale,
        guidance=GuidanceRule(
            rule=guidance,
            **_interval(interval),
            start=start,
            power=power,
            weak_model=weak_model,
            gain=gain,
            gamma=_gamma(gamma),
            refresh=refresh,
            stress=stress,
        ),
        solver=solver,
        eta=eta,
        timestep_spacing=spacing,
        width=width,
        height=height,
        latents=None,
        seed=seed,
    )
    if output.exists() and not output.is_dir():
        raise InputError("output", str(output), "a folder")
    paths = [output / f"sample-{k:04d}.png" for k in range(number)]
    check_folder("output", output)
    for path in paths:
        check_output("output", path, [], overwrite, (".png",))
    loaded = load_quietly(model, device)
    with progress("sampling", quiet) as on_progress:
        weak = load_weak(request.guidance.weak_model, loaded)
        result = run(request, loaded, {}, on_progress, weak=weak)
    output.mkdir(parents=True, exist_ok=True)
    for index, path in enumerate(paths):
        result.save(path, index)
        typer.echo(path)
    for path, nats, rho in zip(paths, result.guidance.stress, result.guidance.rho, strict=False):
        say(f"{path.name}: guidance stress {nats:.3g} nats, rho {rho:.2f}")
    cost = result.guidance.cost
    say(
        f"seed {request.seed}, {result.evaluations} network evaluations "
        f"({cost.evaluations:g} per guided step, {cost.passes:g} passes, {cost.reverse:g} reverse)"
    )


def _gamma(text: str | None) -> float | str | None:
    """A number, or a word for the rule to judge."""
    try:
        return None if text is None else float(text)
    except ValueError:
        return text


def _interval(text: str | None) -> dict[str, tuple[float, float]]:
    """The bounds in LOW:HIGH, under the name that the rule has for them."""
    if text is None:
        return {}
    shares = text.count("%") == 2
    try:
        low, high = (float(bound.removesuffix("%" if shares else "")) for bound in text.split(":"))
    except ValueError as error:
        allowed = "LOW:HIGH, two values of sigma / alpha, or two percentages of the steps"
        raise InputError("interval", text, allowed) from error
    return {"steps": (low / 100, high / 100)} if shares else {"interval": (low, high)}


def replay(
    image: Annotated[Path, typer.Argument(help="PNG that yuragi wrote.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also write the picture made again.")
    ] = None,
    source: Annotated[
        list[Path] | None,
        typer.Option(help="Input picture or mask, if the PNG does not carry it."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Where the model is now.", metavar="NAME|PATH")
    ] = None,
    weak_model: Annotated[
        str | None, typer.Option(help="Where the weaker model is now.", metavar="NAME|PATH")
    ] = None,
    device: DeviceOption = None,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run the request inside a result again and compare, pixel by pixel."""
    from yuragi.recipe.models import load_weak
    from yuragi.recipe.replay import read_result
    from yuragi.recipe.replay import replay as run_again

    if output:
        check_output("output", output, [image, *(source or [])], overwrite, (".png",))
    record, kept = read_result(image)
    loaded = load_quietly(model or record.request.model, device)
    if loaded.weights != record.origin.weights:
        say(f"note: the weights in {loaded.path} are not those that made this picture")
    weak = load_weak(weak_model or record.request.guidance.weak_model, loaded)
    if weak is not None and weak.weights != record.origin.weak_weights:
        say(f"note: the weights in {weak.path} are not those that guided this picture")
    with progress("replaying", quiet) as on_progress:
        again = run_again(record, kept, loaded, source or [], on_progress, weak)
    if output:
        output.parent.mkdir(parents=True, exist_ok=True)
        again.result.save(output, again.index)
        typer.echo(output)
    if again.difference:
        typer.echo(f"differs by up to {again.difference} of 255 levels")
        raise typer.Exit(1)
    typer.echo("identical, bit for bit")


def load_quietly(name: str, device: str | None) -> DiffusionModel:
    """Load a model without the progress bars of the libraries."""
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging as transformers_logging

    from yuragi.recipe.models import load_model

    diffusers_logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()
    return load_model(name, device)
