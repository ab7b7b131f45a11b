"""`yuragi models`: what is shipped, where it lies, and which guidance a model can take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yuragi.cli.options import DeviceOption, QuietOption
from yuragi.cli.progress import progress
from yuragi.errors import InputError

__all__ = ["app"]

app = typer.Typer(invoke_without_command=True)


@app.callback()
def models(
    context: typer.Context,
    path: Annotated[
        str | None, typer.Option(help="Print the directory of this model.", metavar="NAME")
    ] = None,
) -> None:
    """List models that are shipped, registered or kept from the hub; name, fetch or check one."""
    if context.invoked_subcommand is not None:
        return
    from yuragi.models.listing import shelf
    from yuragi.models.names import model_path

    if path is not None:
        typer.echo(model_path(path))
        return
    for each in shelf():
        said = f"; {each.note}" if each.note else ""
        typer.echo(f"{each.name}  {each.weights[:12]}  {each.kind}, {each.where}{said}")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What to call it.")],
    path: Annotated[Path, typer.Argument(help="Pipeline directory, or single file.")],
    note: Annotated[str, typer.Option(help="Your words, such as its licence.")] = "",
) -> None:
    """Give a model a name; its files stay where they are."""
    from yuragi.models.names import SHIPPED
    from yuragi.models.register import register

    entry = register(name, path, note, SHIPPED)
    typer.echo(f"{name}@{entry.weights[:12]}  {len(entry.files)} weight files")


@app.command()
def remove(name: Annotated[str, typer.Argument(help="A registered name.")]) -> None:
    """Take a name away; the files stay."""
    from yuragi.models.register import forget

    forget(name)
    typer.echo(f"{name} is no longer registered; its files are untouched")


@app.command()
def verify(
    name: Annotated[str | None, typer.Argument(help="A registered name; all by default.")] = None,
) -> None:
    """Are the weight files of registered models what they were?"""
    from yuragi.models.register import changed_files, registered

    known = registered()
    if name is not None and name not in known:
        raise InputError(
            "name", name, "one of " + (", ".join(known) or "none: nothing is registered")
        )
    bad = 0
    for each, entry in known.items():
        if name in (None, each):
            changed = changed_files(entry)
            bad += bool(changed)
            typer.echo(f"{each}: " + ("changed: " + ", ".join(changed) if changed else "as it was"))
    if bad:
        raise typer.Exit(1)


@app.command()
def fetch(
    name: Annotated[str, typer.Argument(help="owner/name or owner/name@revision.")],
) -> None:
    """Bring a model from the hub to this machine, and print its folder."""
    from yuragi.cli.loading import LOADING
    from yuragi.models.fetching import fetched

    chosen = LOADING.get()
    typer.echo(fetched(name, offline=chosen.offline, allow_pickle=chosen.allow_pickle))


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
    from yuragi.cli.loading import load_quietly, opening_on
    from yuragi.tasks.check import check_model

    loaded = load_quietly(model, opening_on(device))
    with progress("probing", quiet) as on_progress:
        found = check_model(loaded, prompt, samples=samples, seed=seed, on_progress=on_progress)
    typer.echo(f"predicts {found.prediction}; noise levels: {found.schedule}")
    typer.echo(f"gradients through the network: {'yes' if found.gradients else 'no'}")
    typer.echo("sigma/alpha  kappa^2  roughness")
    for level in found.levels:
        typer.echo(f"{level.noise_ratio:11.3g}  {level.kappa2:7.4f}  {level.roughness:9.4f}")
    typer.echo(f"recommended: --gain {found.gain} ({found.reason})")
