"""The command of a task, generated from its request class."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from yuragi.cli.configuration import defaults_of
from yuragi.cli.loading import LOADING, load_quietly
from yuragi.cli.outputs import EXTRAS, Extra, Output
from yuragi.cli.parameters import Parameter, called, nested, parameters, signature
from yuragi.cli.progress import progress, say
from yuragi.errors import InputError
from yuragi.models.opening import Opening
from yuragi.tasks.base import OnPicture, Request
from yuragi.tasks.build import Reading, build

__all__ = ["task_command"]


def task_command(kind: type[Request]) -> Callable[..., None]:
    """The function of a task's command, with a signature for Typer."""
    name = str(kind.model_fields["kind"].default)
    own = [each for one in (kind, *kind.BESIDE) for each in parameters(one)]
    output, extra = list(parameters(Output, "Output")), list[Parameter]()
    if name in EXTRAS:
        extra = list(parameters(EXTRAS[name], "Output"))
    reading = list(parameters(Reading, "Pictures")) if issubclass(kind, OnPicture) else []
    opening = list(parameters(Opening, "Loading the model"))
    every = [*own, *output, *extra, *reading, *opening]

    def command(**given: Any) -> None:
        given = defaults_of(name, every) | {k: v for k, v in given.items() if v is not None}
        try:
            _run(
                kind,
                nested(given, own),
                Output(**nested(given, output)),
                EXTRAS[name](**nested(given, extra)) if name in EXTRAS else None,
                Reading(**nested(given, reading)),
                LOADING.get().with_more(nested(given, opening)),
            )
        except InputError as error:
            flag = called(error.argument, every)
            raise InputError(flag, error.value, error.allowed) from error

    command.__doc__ = kind.title
    return signature(command, every)


def _run(
    kind: type[Request],
    values: dict[str, Any],
    output: Output,
    extra: Extra | None,
    reading: Reading,
    opening: Opening,
) -> None:
    """Build the request, run it, write its pictures and report its cost."""
    read = [Path(values[name]) for name in ("image", "mask") if name in values]
    # Files are checked before pictures are read. The request checks a count that is not a number.
    count = values.get("num_images", 1)
    paths = output.paths(_kind(kind), int(count) if str(count).isdigit() else 1)
    output.check(paths[:10_000], read)
    if extra is not None:
        extra.check([*read, *paths], output.overwrite)
    request, sources = build(kind, values, reading)
    if extra is not None and (pictures := extra.instead(request, sources)) is not None:
        files = {"output": paths[0], **extra.files}
        for name, picture in pictures.items():
            files[name].parent.mkdir(parents=True, exist_ok=True)
            picture.save(files[name])
            typer.echo(files[name])
        return

    from yuragi.models.names import load_weak
    from yuragi.tasks.run import run

    loaded = load_quietly(request.model, opening)
    weak = load_weak(request.weak_model, loaded)
    _note_size(request, loaded.native_size)
    with progress(_kind(kind), output.quiet) as on_progress:
        result = run(request, loaded, sources, on_progress, weak=weak)
    written = []
    for index, path in enumerate(paths):
        result.save(path, index, embed_sources=output.embed, overwrite=True)
        written.append(path)
        if not output.json_line:
            typer.echo(path)
    more = list(extra.write(result)) if extra is not None else []
    if output.json_line:
        typer.echo(json.dumps(result.report() | {"files": [str(p) for p in [*written, *more]]}))
        return
    for path in more:
        typer.echo(path)
    for line in result.remarks([path.name for path in written]):
        say(line)


def _kind(kind: type[Request]) -> str:
    return str(kind.model_fields["kind"].default)


def _note_size(request: Request, native: int) -> None:
    """Print a note if the size of a picture is far from the model's native size."""
    if not isinstance(request, OnPicture):
        return
    width, height = request.image.width, request.image.height
    if not native / 2 <= max(width, height) <= native * 2:
        say(
            f"note: the picture has {width}x{height} pixels; "
            f"this model is at its best around {native}x{native}"
        )
