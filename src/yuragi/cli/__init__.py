"""The command line: `yuragi TASK | batch | replay | verify | studio | serve | models | ...`.

The commands of the tasks are made from their request classes (`yuragi.cli.task`). PyTorch is
imported only when a task runs, so that ``yuragi --help`` and errors respond quickly.

Exit codes: 0 for success, 1 if a replay differs or a file could not be written, 2 for invalid input
(with one line that names the option), 130 if interrupted; those of `verify` are in its help.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Mapping
from typing import Annotated, Any, TextIO

import typer

from yuragi import __version__
from yuragi.cli import audit, jobs, models, settings
from yuragi.cli.batch import batch
from yuragi.cli.loading import LOADING, OPENING, use
from yuragi.cli.naming import flags_of, renamed, worded
from yuragi.cli.parameters import signature
from yuragi.cli.progress import say
from yuragi.cli.replay import replay
from yuragi.cli.service import serve, studio, worker
from yuragi.cli.task import task_command
from yuragi.cli.verify import verify
from yuragi.errors import InputError, YuragiError, YuragiWarning
from yuragi.models.opening import Opening
from yuragi.registry import Registry
from yuragi.tasks.tasks import TASKS

__all__ = ["app", "main"]

app = typer.Typer(
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for name, kind in TASKS.items():
    app.command(name, help=kind.title)(task_command(kind))
app.command("batch")(batch)
app.command("replay")(replay)
app.command()(verify)
app.command("studio")(studio)
app.command("serve")(serve)
app.command("worker")(worker)
app.add_typer(models.app, name="models")
app.add_typer(settings.app, name="config")
app.add_typer(audit.app, name="audit")
app.add_typer(jobs.app, name="jobs")

COMMANDS: Registry[typer.Typer] = Registry(
    "yuragi.commands",
    {
        "train": "yuragi.research.cli.train:app",
        "bench": "yuragi.research.cli.bench:app",
        "lab": "yuragi.research.cli.lab:app",
        "measure": "yuragi.research.cli.measure:app",
        "sweep": "yuragi.research.cli.sweep:app",
        "assess": "yuragi.research.cli.assess:app",
        "pilot": "yuragi.research.cli.pilot:app",
    },
)
"""Additional command groups, which no other module imports."""
for name, group in COMMANDS.items():
    app.add_typer(group, name=name)


def _show_version(value: bool) -> None:
    if value:
        typer.echo(f"yuragi {__version__}")
        raise typer.Exit


def _root(version: bool = False, **given: Any) -> None:
    """Edit images with pretrained diffusion models, without retraining them.

    Options about loading models can be given before or after the command.
    """
    LOADING.set(Opening())
    use(given)


_VERSION = Annotated[
    bool,
    typer.Option(
        "--version", callback=_show_version, is_eager=True, help="Print the version and exit."
    ),
]
app.callback()(signature(_root, OPENING, version=_VERSION))


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


def _flags() -> Mapping[str, str]:
    """The options of the command that runs, by the names of their arguments."""
    return flags_of(typer.main.get_command(app), sys.argv[1:])


def _sentence(error: typer.TyperException) -> str:
    """An error of Typer in one line; empty if Typer printed the help of a group instead."""
    if near := getattr(error, "possibilities", None):
        return f"{error} (did you mean {near[0]}?)"
    return " ".join(error.format_message().split())


def main() -> None:
    """Run the command line; expected errors print one line and no traceback."""
    # transformers reports at import that torchvision is missing; Yuragi does not need it.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("DIFFUSERS_VERBOSITY", "error")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", YuragiWarning)
            warnings.showwarning = _warned
            code = app(sys.argv[1:] or ["--help"], standalone_mode=False)
        if code == 130:  # Typer returns this code for an interrupt
            raise KeyboardInterrupt
    except InputError as error:
        say(f"error: {renamed(error, _flags())}")
        sys.exit(2)
    except YuragiError as error:
        say(f"error: {worded(str(error), _flags())}")
        sys.exit(2)
    except typer.TyperException as error:  # errors of Typer itself
        if sentence := _sentence(error):
            say(f"error: {sentence}")
        sys.exit(2)
    except (KeyboardInterrupt, typer.Abort):
        say("interrupted")
        sys.exit(130)
    except OSError as error:
        say(f"error: {error}")
        sys.exit(1)
    sys.exit(code or 0)
