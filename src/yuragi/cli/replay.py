"""The command `yuragi replay`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from yuragi.cli.answer import answer
from yuragi.cli.configuration import completed
from yuragi.cli.files import check_output, writing
from yuragi.cli.loading import LOADING, LOCAL, loads
from yuragi.cli.options import JsonOption, OverwriteOption, QuietOption
from yuragi.cli.parameters import nested, parameters
from yuragi.cli.policy import Judged
from yuragi.cli.progress import forewarn, progress, say
from yuragi.errors import InputError
from yuragi.images.files import SUFFIXES
from yuragi.tasks.policy import read_policy

__all__ = ["replay"]

JUDGED = list(parameters(Judged))


def _replay(
    image: Annotated[Path, typer.Argument(help="Picture that yuragi wrote.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also write the picture of the replay.")
    ] = None,
    source: Annotated[
        list[Path] | None,
        typer.Option(help="Input picture or mask, if the result does not carry it."),
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
    overwrite: OverwriteOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
    **given: Any,
) -> None:
    """Run the request inside a result again and compare the pixels. The hub is never contacted."""
    from yuragi.tasks.replay import read_result, replay_from

    judged = Judged(**nested(completed("replay", JUDGED, given), JUDGED))
    if output:
        check_output("output", output, [image, *(source or [])], overwrite, SUFFIXES)
    else:
        record, kept = read_result(image)
        if kept is None:
            reason = f"a replay is not compared with a {record.shows}, so it would be lost"
            raise InputError("output", None, "given", reason)
    with progress("replaying", quiet) as on_progress:
        again = replay_from(
            image,
            LOADING.get(),
            model,
            weak_model,
            source or [],
            force,
            on_progress,
            forewarn(quiet),
            read_policy(judged.policy),
            judged.consent,
        )
    for note in again.notes:
        say(f"note: {note}")
    if output:
        with writing(output, []):
            again.result.save(output, again.index, overwrite=True)
    files = [output] if output else []
    told = {"identical": again.identical, "difference": again.difference}
    more = {"reason": again.reason, "files": files}
    answer(json, again.result.report() | told | more, *files, again.verdict)
    if again.reason:
        say(f"note: {again.reason}")
    if again.difference:
        raise typer.Exit(1)


replay = loads(_replay, [*JUDGED, *LOCAL])
