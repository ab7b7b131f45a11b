"""The command of a task, generated from its request class."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from pydantic import TypeAdapter, ValidationError

from yuragi.cli.answer import answer
from yuragi.cli.configuration import completed
from yuragi.cli.files import writing
from yuragi.cli.loading import OPENING, use
from yuragi.cli.outputs import EXTRAS, Extra, Output, Save
from yuragi.cli.parameters import Parameter, nested, parameters, signature
from yuragi.cli.policy import Judged
from yuragi.cli.progress import forewarn, progress, say
from yuragi.images.files import check_side
from yuragi.models.opening import Opening
from yuragi.options.values import Count
from yuragi.provenance.sign import prepare
from yuragi.provenance.signing import Signing
from yuragi.tasks.base import OnPicture, Request
from yuragi.tasks.build import Reading, build

if TYPE_CHECKING:
    from PIL import Image

    from yuragi.tasks.result import Result
    from yuragi.tasks.writing import Style

__all__ = ["task_command", "task_parameters"]

COUNT = TypeAdapter(Count)


def task_command(kind: type[Request]) -> Callable[..., None]:
    """The function of a task's command, with a signature for Typer."""
    name = str(kind.model_fields["kind"].default)
    own, output, extra, signing, reading, judged = _groups(kind)
    every = task_parameters(kind)

    def command(**given: Any) -> None:
        given = completed(name, every, given)
        _run(
            kind,
            nested(given, own),
            Output(**nested(given, output)),
            EXTRAS[name](**nested(given, extra)) if name in EXTRAS else None,
            Signing(**nested(given, signing)),
            Reading(**nested(given, reading)),
            Judged(**nested(given, judged)),
            use(given),
        )

    command.__doc__ = kind.title
    return signature(command, every)


def task_parameters(kind: type[Request]) -> list[Parameter]:
    """All parameters of a task's command."""
    return [*(each for group in _groups(kind) for each in group), *OPENING]


def _groups(kind: type[Request]) -> Sequence[list[Parameter]]:
    """The parameters of the task, output, additional output, credentials, pictures and policy."""
    name = str(kind.model_fields["kind"].default)
    return (
        [each for one in (kind, *kind.BESIDE) for each in parameters(one)],
        list(parameters(Output, "Output")),
        list(parameters(EXTRAS[name], "Output")) if name in EXTRAS else [],
        list(parameters(Signing, "Credentials")),
        list(parameters(Reading, "Pictures")) if issubclass(kind, OnPicture) else [],
        list(parameters(Judged, "Policy")),
    )


def _run(
    kind: type[Request],
    values: dict[str, Any],
    output: Output,
    extra: Extra | None,
    signing: Signing,
    reading: Reading,
    judged: Judged,
    opening: Opening,
) -> None:
    """Build the request, run it, write its pictures and report its cost."""
    read = [Path(values[name]) for name in ("image", "mask") if name in values]
    # Files are checked before pictures are read. The request refuses a wrong count.
    try:
        count = COUNT.validate_python(values.get("num_images", 1))
    except ValidationError:
        count = 1
    paths = output.paths(_kind(kind), count if extra is None else extra.count(count))
    output.check(paths, read)
    if extra is not None:
        extra.check([*read, *paths], output.overwrite)
    if signing.sign:
        prepare(signing)
    request, sources = build(kind, values, reading)
    judged.check(request, sources)
    height, width = request.size
    if height is not None and width is not None:
        check_side("output", paths[0].suffix, (width, height))

    from yuragi.tasks.writing import Style

    original = Path(values["image"]).read_bytes() if signing.sign and "image" in values else None
    style = Style(output.embed, output.mark, signing, original)
    if extra is not None and (pictures := extra.instead(request, sources)) is not None:
        _instead(pictures, request, sources, {"output": paths[0], **extra.files}, output, style)
        return

    result = _result(request, sources, opening, output.quiet)
    saves: list[Save] = [
        (path, partial(style.write, picture=one, record=replace(result.record, index=index)))
        for index, (path, one) in enumerate(zip(paths, result.images, strict=True))
    ]
    more = extra.write(result, style) if extra is not None else []
    written = _write([*saves, *more], output)
    if output.json_line:
        answer(True, result.report() | {"files": written})
        return
    for line in result.remarks([path.name for path in paths]):
        say(line)


def _result(
    request: Request, sources: Mapping[str, Image.Image], opening: Opening, quiet: bool
) -> Result:
    """Run the request; a shipped model is loaded only if the request needs it.

    The user's own models are always loaded, so that an error in a name or file is always found.
    """
    from yuragi.models.names import SHIPPED, load_model, load_weak
    from yuragi.tasks.without_model import run_without_model

    if request.model in SHIPPED and opening == Opening():
        without = run_without_model(request, sources)
        if without is not None:
            return without

    from yuragi.tasks.run import run

    loaded = load_model(request.model, opening)
    weak = load_weak(request.weak_model, loaded)
    with progress(request.kind, quiet) as on_progress:
        return run(request, loaded, sources, on_progress, weak=weak, on_estimate=forewarn(quiet))


def _instead(
    pictures: Mapping[str, Image.Image],
    request: Request,
    sources: Mapping[str, Image.Image],
    files: Mapping[str, Path],
    output: Output,
    style: Style,
) -> None:
    """Write pictures, by option, that were made without a model."""
    from yuragi.tasks.record import Origin, Record

    record = Record(request, Origin.no_model(), 0, sources, "preview")
    warned = [note for each in request.pictures for note in each.notes]
    warned += [f"{files[name]} is not written without a model" for name in files.keys() - pictures]
    if isinstance(request, OnPicture) and request.num_images > 1:
        warned.append(f"a preview is one picture, not {request.num_images}")
    for sentence in warned:
        say(f"warning: {sentence}")
    written = _write(
        [
            (files[name], partial(style.write, picture=one, record=record))
            for name, one in pictures.items()
        ],
        output,
    )
    if output.json_line:
        answer(True, {"files": written, "warnings": warned})


def _write(saves: Sequence[Save], output: Output) -> list[Path]:
    """Write files and print each finished one; those are kept if a later one cannot be written."""
    finished: list[Path] = []
    for path, save in saves:
        with writing(path, finished):
            path.parent.mkdir(parents=True, exist_ok=True)
            save(path)
        finished.append(path)
        if not output.json_line:
            typer.echo(path)
    return finished


def _kind(kind: type[Request]) -> str:
    return str(kind.model_fields["kind"].default)
