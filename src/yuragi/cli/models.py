"""The commands `yuragi models ...`: list, name, fetch, verify and probe models."""

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
    """List the models that are shipped, registered or cached from the hub, or manage them."""
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
    name: Annotated[str, typer.Argument(help="Name to register the model under.")],
    path: Annotated[Path, typer.Argument(help="Pipeline directory or single file of the model.")],
    note: Annotated[
        str, typer.Option(help="Note to store with the model, such as its licence.")
    ] = "",
) -> None:
    """Register a model under a name; its files stay where they are."""
    from yuragi.models.names import SHIPPED
    from yuragi.models.register import register

    entry = register(name, path, note, SHIPPED)
    typer.echo(f"{name}@{entry.weights[:12]}  {len(entry.files)} weight files")


@app.command()
def remove(name: Annotated[str, typer.Argument(help="Name of a registered model.")]) -> None:
    """Remove a name from the register; the files stay."""
    from yuragi.models.register import forget

    forget(name)
    typer.echo(f"{name} is no longer registered; its files are untouched")


@app.command()
def verify(
    name: Annotated[
        str | None, typer.Argument(help="Name of a registered model; all by default.")
    ] = None,
) -> None:
    """Check that the weight files of registered models have not changed."""
    from yuragi.models.register import changed_files, registered

    known = registered()
    if name is not None and name not in known:
        raise InputError("name", name, "one of " + (", ".join(known) or "none: nothing registered"))
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
    name: Annotated[
        str, typer.Argument(help="Name of the model on the hub: owner/name or owner/name@revision.")
    ],
) -> None:
    """Download a model from the hub and print its folder."""
    from yuragi.cli.loading import LOADING
    from yuragi.models.fetching import fetched

    chosen = LOADING.get()
    typer.echo(fetched(name, offline=chosen.offline, allow_pickle=chosen.allow_pickle))


@app.command()
def check(
    model: Annotated[str, typer.Argument(help="Name of a model, or path of a pipeline.")],
    prompt: Annotated[
        str, typer.Option(help="Prompt under which the model is probed.")
    ] = "a person",
    samples: Annotated[int, typer.Option(help="Number of pictures to generate.", min=1)] = 4,
    seed: Annotated[int, typer.Option(help="Seed of the noise.")] = 0,
    device: DeviceOption = None,
    quiet: QuietOption = False,
) -> None:
    """Probe a model and recommend a guidance gain for it."""
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
