"""`yuragi sample`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yuragi.cli.files import check_folder, check_output
from yuragi.cli.loading import load_quietly
from yuragi.cli.options import (
    DeviceOption,
    EtaOption,
    GainOption,
    GammaOption,
    ModelOption,
    NegativeOption,
    OverwriteOption,
    QuietOption,
    RefreshOption,
    SeedOption,
    number_or_word,
)
from yuragi.cli.progress import progress, say
from yuragi.errors import InputError

__all__ = ["sample"]


def sample(
    prompt: Annotated[str, typer.Option(help="What to draw.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the pictures.")],
    number: Annotated[int, typer.Option("--number", "-n", help="How many.")] = 1,
    negative_prompt: NegativeOption = "",
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
    eta: EtaOption = None,
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
            gamma=number_or_word(gamma),
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
