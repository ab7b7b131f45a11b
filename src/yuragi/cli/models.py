"""`yuragi models`: what is shipped, where it lies, and which guidance a model can take."""

from __future__ import annotations

from typing import Annotated

import typer

from yuragi.cli.options import DeviceOption, QuietOption
from yuragi.cli.progress import progress

__all__ = ["app"]

app = typer.Typer(invoke_without_command=True)


@app.callback()
def models(
    context: typer.Context,
    path: Annotated[
        str | None, typer.Option(help="Print the directory of this model.", metavar="NAME")
    ] = None,
) -> None:
    """List the shipped models; check one."""
    if context.invoked_subcommand is not None:
        return
    from yuragi.recipe.models import SHIPPED, model_path

    if path is not None:
        typer.echo(model_path(path))
        return
    for name, description in SHIPPED.items():
        typer.echo(f"{name}  {description}")


@app.command()
def check(
    model: Annotated[str, typer.Argument(help="Shipped model or pipeline directory.")],
    prompt: Annotated[str, typer.Option(help="Whose denoiser is probed.")] = "a person",
    samples: Annotated[int, typer.Option(help="Pictures to draw.", min=1)] = 4,
    seed: Annotated[int, typer.Option(help="Of their noise.")] = 0,
    device: DeviceOption = None,
    quiet: QuietOption = False,
) -> None:
    """Probe a model: which guidance gains can it take?"""
    from yuragi.cli.loading import load_quietly
    from yuragi.recipe.check import check_model

    loaded = load_quietly(model, device)
    with progress("probing", quiet) as on_progress:
        found = check_model(loaded, prompt, samples=samples, seed=seed, on_progress=on_progress)
    typer.echo(f"predicts {found.prediction}; noise levels: {found.schedule}")
    typer.echo(f"gradients through the network: {'yes' if found.gradients else 'no'}")
    typer.echo("sigma/alpha  kappa^2  roughness")
    for level in found.levels:
        typer.echo(f"{level.noise_ratio:11.3g}  {level.kappa2:7.4f}  {level.roughness:9.4f}")
    typer.echo(f"recommended: --gain {found.gain} ({found.reason})")
