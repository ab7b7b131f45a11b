"""The command of a task, made from its request class: read options, run, write, say."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import typer
from PIL import Image

from yuragi.cli.configuration import defaults_of
from yuragi.cli.loading import LOADING
from yuragi.cli.outputs import EXTRAS, Extra, Output
from yuragi.cli.parameters import Parameter, called, nested, parameters, signature
from yuragi.cli.progress import progress, say
from yuragi.errors import InputError
from yuragi.images.files import write_picture
from yuragi.models.opening import Opening
from yuragi.tasks.base import OnPicture, Request
from yuragi.tasks.build import Reading, build

__all__ = ["task_command"]


def task_command(kind: type[Request]) -> Callable[..., None]:
    """The function of a task's command, with the signature that Typer reads."""
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
    """Build the request, run it, write its pictures and say what it took."""
    read = [Path(values[name]) for name in ("image", "mask") if name in values]
    # Refused before anything is read; a count that is no number is refused with the request.
    count = values.get("num_images", 1)
    paths = output.paths(_kind(kind), int(count) if str(count).isdigit() else 1)
    output.check(paths[:10_000], read)
    if extra is not None:
        extra.check([*read, *paths], output.overwrite)
    request, sources = build(kind, values, reading)
    if extra is not None and (pictures := extra.instead(request, sources)) is not None:
        files = {"output": paths[0], **extra.files}
        for name, picture in pictures.items():
            write_picture(files[name], picture)
            typer.echo(files[name])
        return

    from yuragi.models.names import load_model, load_weak
    from yuragi.tasks.run import run

    loaded = load_model(request.model, opening)
    weak = load_weak(request.weak_model, loaded)
    _note_size(request, loaded.native_size, sources)
    with progress(_kind(kind), output.quiet) as on_progress:
        result = run(request, loaded, sources, on_progress, weak=weak)
    written = result.save(output.output, embed_sources=output.embed, overwrite=True)
    more = list(extra.write(result)) if extra is not None else []
    if output.json_line:
        typer.echo(json.dumps(result.report() | {"files": [str(p) for p in [*written, *more]]}))
        return
    for path in [*written, *more]:
        typer.echo(path)
    for line in result.remarks([path.name for path in written]):
        say(line)


def _kind(kind: type[Request]) -> str:
    return str(kind.model_fields["kind"].default)


def _note_size(request: Request, native: int, sources: Mapping[str, Image.Image]) -> None:
    """Say when a picture's size is far from what the model knows."""
    from yuragi.tasks.cropping import cropping_of

    if not isinstance(request, OnPicture) or cropping_of(request, native, sources) is not None:
        return
    width, height = request.image.width, request.image.height
    if not native / 2 <= max(width, height) <= native * 2:
        say(
            f"note: the picture has {width}x{height} pixels; "
            f"this model is at its best around {native}x{native}"
        )
