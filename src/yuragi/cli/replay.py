"""`yuragi replay`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from yuragi.cli.answer import answer
from yuragi.cli.files import check_output, writing
from yuragi.cli.loading import LOADING, loads, without_bars
from yuragi.cli.options import JsonOption, OverwriteOption, QuietOption
from yuragi.cli.progress import progress, say
from yuragi.errors import InputError

__all__ = ["replay"]


@loads
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
    force: Annotated[
        bool, typer.Option("--force", help="Also with another version of the model.")
    ] = False,
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run the request inside a result again and compare, pixel by pixel; the hub is not asked."""
    from yuragi.models.names import load_weak
    from yuragi.tasks.replay import model_of, read_result
    from yuragi.tasks.replay import replay as run_again

    if output:
        check_output("output", output, [image, *(source or [])], overwrite, (".png",))
    record, kept = read_result(image)
    without_bars()
    loaded = model_of(record, LOADING.get(), model)
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
        with writing(output, []):
            again.result.save(output, again.index, overwrite=True)
    files = [output] if output else []
    found = f"differs by up to {again.difference} of 255 levels"
    verdict = found if again.difference else "identical, bit for bit"
    told = {"identical": not again.difference, "difference": again.difference}
    more = {"reason": again.reason, "files": files}
    answer(json, again.result.report() | told | more, *files, verdict)
    if again.reason:
        say(f"note: {again.reason}")
    if again.difference:
        raise typer.Exit(1)
