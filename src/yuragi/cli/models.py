"""The commands `yuragi models ...`: list, show, name, fetch, verify and probe models."""

from __future__ import annotations

from dataclasses import asdict
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yuragi.cli.answer import answer
from yuragi.cli.loading import LOADING, loads
from yuragi.cli.options import JsonOption, QuietOption, seed_option
from yuragi.cli.progress import progress
from yuragi.errors import InputError

if TYPE_CHECKING:
    from yuragi.models.model import Capabilities

__all__ = ["app"]

app = typer.Typer(invoke_without_command=True)


@app.callback()
def models(
    context: typer.Context,
    path: Annotated[
        str | None, typer.Option(help="Print the directory of this model.", metavar="NAME")
    ] = None,
    json: JsonOption = False,
) -> None:
    """List the models that are shipped, registered or cached from the hub, or manage them."""
    if context.invoked_subcommand is not None:
        if json:  # given before the command, it is meant for the command
            context.default_map = {context.invoked_subcommand: {"json": True}}
        return
    from yuragi.models.listing import list_models
    from yuragi.models.names import model_path

    if path is not None:
        answer(json, {"path": model_path(path)}, model_path(path))
        return
    found = list(list_models())
    lines = [
        f"{each.name}  {each.weights[:12]}  {each.kind}, {each.where}"
        + (f"; {each.note}" if each.note else "")
        for each in found
    ]
    answer(json, {"models": [asdict(each) for each in found]}, *lines)


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="Name to register the model under.")],
    path: Annotated[Path, typer.Argument(help="Pipeline directory or single file of the model.")],
    note: Annotated[
        str, typer.Option(help="Note to store with the model, such as its licence.")
    ] = "",
    json: JsonOption = False,
) -> None:
    """Register a model under a name; its files stay where they are."""
    from yuragi.models.names import SHIPPED
    from yuragi.models.register import register

    entry = register(name, path, note, SHIPPED)
    told = {"name": name, **asdict(entry)}
    answer(json, told, f"{name}@{entry.weights[:12]}  {len(entry.files)} weight files")


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="Name of a registered model.")],
    json: JsonOption = False,
) -> None:
    """Remove a name from the register; the files stay."""
    from yuragi.models.register import forget

    forget(name)
    said = f"{name} is no longer registered; its files are untouched"
    answer(json, {"removed": name}, said)


@app.command()
def verify(
    name: Annotated[
        str | None, typer.Argument(help="Name of a registered model; all by default.")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Check that the weight files of registered models have not changed."""
    from yuragi.models.register import changed_files, registered

    known = registered()
    if name is not None and name not in known:
        raise InputError(
            "name", name, "one of " + (", ".join(known) or "none: nothing is registered")
        )
    changed = {each: changed_files(entry) for each, entry in known.items() if name in (None, each)}
    lines = [
        f"{each}: " + ("changed: " + ", ".join(files) if files else "as it was")
        for each, files in changed.items()
    ]
    answer(json, {"changed": changed}, *lines)
    if any(changed.values()):
        raise typer.Exit(1)


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Name of a model, or path of a pipeline.")],
    json: JsonOption = False,
) -> None:
    """Show a model's folder and version, and the settings that its defaults.json sets by task."""
    from yuragi.models.fingerprint import fingerprint
    from yuragi.models.names import model_path
    from yuragi.tasks.defaults import checked_defaults

    path = model_path(name)
    weights, defaults = fingerprint(path), checked_defaults(path)
    told = {"name": name, "path": path, "weights": weights, "defaults": defaults}
    lines = [
        f"{task}: " + ", ".join(f"{option} {dumps(value)}" for option, value in settings.items())
        for task, settings in defaults.items()
    ]
    none = "it sets no defaults; those of every task are in yuragi TASK --help"
    answer(json, told, path, f"version {weights[:12]}", *(lines or [none]))


@app.command()
@loads
def fetch(
    name: Annotated[
        str, typer.Argument(help="Name of the model on the hub: owner/name or owner/name@revision.")
    ],
    json: JsonOption = False,
) -> None:
    """Download a model from the hub and print its folder."""
    from yuragi.models.fetching import fetched

    chosen = LOADING.get()
    path = fetched(name, offline=chosen.offline, allow_pickle=chosen.allow_pickle)
    answer(json, {"path": path}, path)


@app.command()
@loads
def words(
    model: Annotated[str, typer.Argument(help="Name of a model, or path of a pipeline.")],
    json: JsonOption = False,
) -> None:
    """List the words that a model knows, by kind if its folder contains words.json."""
    from yuragi.models.names import load_model
    from yuragi.models.vocabulary import kinds_of

    loaded = load_model(model, LOADING.get())
    known, kinds = loaded.vocabulary.words, kinds_of(loaded.path)
    lines = [f"{kind}: {', '.join(phrases)}" for kind, phrases in kinds.items()]
    if known is None:
        lines.append(_wordless(loaded.capabilities))
    elif kinds:
        named = {word for phrases in kinds.values() for each in phrases for word in each.split()}
        others = [word for word in known if word not in named]
        lines += ["other words: " + ", ".join(others)] if others else []
    else:
        lines = known
    answer(json, {"words": known, "kinds": kinds}, *lines)


def _wordless(capabilities: Capabilities) -> str:
    """The line that is shown instead of a list of words."""
    if capabilities.text:
        return "the vocabulary is open: the model can be told every word"
    if capabilities.classes is not None:
        last = capabilities.classes - 1
        return f"a prompt is not words but a class: 0 to {last}, or its name if it has one"
    return "the model knows no words, and takes no prompt"


@app.command()
@loads
def check(
    model: Annotated[str, typer.Argument(help="Name of a model, or path of a pipeline.")],
    prompt: Annotated[
        str, typer.Option(help="Prompt under which the model is probed.")
    ] = "a person",
    samples: Annotated[int, typer.Option(help="Number of pictures to generate.", min=1)] = 4,
    seed: Annotated[int, seed_option("Seed of the noise.")] = 0,
    pictures: Annotated[
        Path | None,
        typer.Option(
            help="Folder of 128 or more pictures like those that the model was trained on; writes "
            "familiarity.json into the model's folder, by which edits tell foreign pictures."
        ),
    ] = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Probe a model, recommend a guidance gain for it, and calibrate which pictures it knows."""
    from yuragi.models.names import load_model
    from yuragi.tasks.calibrate import calibrate, pictures_in, read_file, write_familiarity
    from yuragi.tasks.check import check_model

    files = None if pictures is None else pictures_in(pictures)
    loaded = load_model(model, LOADING.get())
    written = list[Path]()
    if files is not None:
        with progress("calibrating", quiet) as on_progress:
            written.append(
                write_familiarity(loaded, calibrate(loaded, files, read_file, on_progress))
            )
    with progress("probing", quiet) as on_progress:
        found = check_model(loaded, prompt, samples=samples, seed=seed, on_progress=on_progress)
    answer(
        json,
        asdict(found) | {"files": written},
        *written,
        f"predicts {found.prediction}; noise levels: {found.schedule}",
        f"gradients through the network: {'yes' if found.gradients else 'no'}",
        "sigma/alpha  kappa^2  roughness",
        *(
            f"{level.noise_ratio:11.3g}  {level.kappa2:7.4f}  {level.roughness:9.4f}"
            for level in found.levels
        ),
        f"recommended: --gain {found.gain} ({found.reason})",
    )
