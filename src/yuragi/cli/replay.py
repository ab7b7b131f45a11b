"""The command `yuragi replay`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yuragi.cli.files import check_output
from yuragi.cli.loading import opening_on, without_bars
from yuragi.cli.options import DeviceOption, OverwriteOption, QuietOption
from yuragi.cli.progress import progress, say
from yuragi.errors import InputError

__all__ = ["replay"]


def replay(
    image: Annotated[Path, typer.Argument(help="PNG file that Yuragi wrote.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also write the picture of the replay.")
    ] = None,
    source: Annotated[
        list[Path] | None,
        typer.Option(help="Input picture or mask, if the PNG file does not contain it."),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Name or path of the model, if it has moved.", metavar="NAME|PATH"),
    ] = None,
    weak_model: Annotated[
        str | None,
        typer.Option(
            help="Name or path of the weaker model, if it has moved.", metavar="NAME|PATH"
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replay even with another version of the model.")
    ] = False,
    device: DeviceOption = None,
    overwrite: OverwriteOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run the request inside a result again and compare the pixels. The hub is never contacted."""
    from yuragi.models.names import load_weak
    from yuragi.tasks.replay import model_of, read_result
    from yuragi.tasks.replay import replay as run_again

    if output:
        check_output("output", output, [image, *(source or [])], overwrite, (".png",))
    record, kept = read_result(image)
    without_bars()
    loaded = model_of(record, opening_on(device), model)
    if loaded.weights != record.origin.weights:
        where = f"the weights in {loaded.path} are not those that made this picture"
        if not force:
            allowed = f"version {record.origin.weights[:12]}, or --force: {where}"
            raise InputError("model", loaded.weights[:12], allowed)
        say(f"note: {where}")
    weak = load_weak(weak_model or record.request.weak_model, loaded)
    if weak is not None and weak.weights != record.origin.weak_weights:
        say(f"note: the weights in {weak.path} are not those that guided this picture")
    with progress("replaying", quiet) as on_progress:
        again = run_again(record, kept, loaded, source or [], on_progress, weak)
    if output:
        output.parent.mkdir(parents=True, exist_ok=True)
        again.result.save(output, again.index, overwrite=True)
        typer.echo(output)
    if again.reason:
        say(f"note: {again.reason}")
    if again.difference:
        typer.echo(f"differs by up to {again.difference} of 255 levels")
        raise typer.Exit(1)
    typer.echo("identical, bit for bit")
