"""The command line: `yuragi TASK | replay | models | config | train | bench | lab`.

The commands of the tasks are made from their request classes (`yuragi.cli.task`). PyTorch is
imported only when a task runs, so that ``yuragi --help`` and errors respond quickly.

Exit codes: 0 for success, 1 if a replay differs or a file could not be written, 2 for invalid input
(with one line that names the option), 130 if interrupted.
"""

from __future__ import annotations

import os
import sys
import warnings
from typing import Annotated, Any, TextIO

import typer

from yuragi import __version__
from yuragi.cli import configuration, models
from yuragi.cli.loading import LOADING
from yuragi.cli.parameters import nested, parameters, signature
from yuragi.cli.progress import say
from yuragi.cli.replay import replay
from yuragi.cli.task import task_command
from yuragi.errors import InputError, YuragiError
from yuragi.models.opening import Opening
from yuragi.options.option import options
from yuragi.registry import Registry
from yuragi.tasks.tasks import TASKS

__all__ = ["app", "main"]

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for name, kind in TASKS.items():
    app.command(name, help=kind.title)(task_command(kind))
app.command()(replay)
app.add_typer(models.app, name="models")
app.add_typer(configuration.app, name="config")

COMMANDS: Registry[typer.Typer] = Registry(
    "yuragi.commands",
    {
        "train": "yuragi.research.cli.train:app",
        "bench": "yuragi.research.cli.bench:app",
        "lab": "yuragi.research.cli.lab:app",
    },
)
"""Additional command groups, which no other module imports."""
for name, group in COMMANDS.items():
    app.add_typer(group, name=name)

_OPENING = [each for each in parameters(Opening, "Loading the model") if each.name != "device"]


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"yuragi {__version__}")
        raise typer.Exit


def _root(version: bool = False, **given: Any) -> None:
    """Edit images with pretrained diffusion models, without retraining them.

    Options about loading models can be given before or after the command.
    """
    opening = Opening(**nested(given, _OPENING))
    if opening.offline:  # for libraries that contact the hub on their own
        os.environ["HF_HUB_OFFLINE"] = "1"
    LOADING.set(opening)


_VERSION = Annotated[
    bool,
    typer.Option(
        "--version", callback=_show_version, is_eager=True, help="Print the version and exit."
    ),
]
app.callback()(signature(_root, _OPENING, version=_VERSION))


def _warned(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a warning as one line, without its position in the source code."""
    say(f"warning: {message}")


def main() -> None:
    """Run the command line; expected errors print one line and no traceback."""
    # transformers reports at import that torchvision is missing; Yuragi does not need it.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warned
            code = app(standalone_mode=False)
    except InputError as error:
        name = _flag(sys.argv[1:], error.argument)
        say(f"error: {InputError(name, error.value, error.allowed)}")
        sys.exit(2)
    except YuragiError as error:
        say(f"error: {error}")
        sys.exit(2)
    except typer.TyperException as error:  # errors of Typer itself
        say(f"error: {' '.join(str(error).split())}")
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        say("interrupted")
        sys.exit(130)
    except OSError as error:
        say(f"error: {error}")
        sys.exit(1)
    sys.exit(code or 0)


def _flag(words: list[str], argument: str) -> str:
    """The name of an argument on the command line of the command that these words name."""
    command: Any = typer.main.get_command(app)
    for word in words:
        command = getattr(command, "commands", {}).get(word, command)
    flags = {each.name: each.opts[0] for each in command.params if each.opts[0].startswith("--")}
    if argument in flags:
        return str(flags[argument])
    # Otherwise it is an option under the name of a request's field.
    fields = {each.name: each.flag for kind in TASKS.values() for each in options(kind)}
    known = fields.get(argument, argument)
    return known if known in flags.values() else argument
