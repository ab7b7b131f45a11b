"""Write docs/options.md: the options of every task, as tables made from the request classes.

    python docs/options.py

`tests/test_docs.py` fails when the committed page is not what this script writes.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from yuragi.cli.outputs import EXTRAS, Output
from yuragi.cli.parameters import Parameter, parameters
from yuragi.cli.policy import Judged
from yuragi.model import Model, load
from yuragi.models.opening import Opening
from yuragi.options.one_of import OneOf
from yuragi.options.option import inner
from yuragi.provenance.signing import Signing
from yuragi.tasks.base import Request
from yuragi.tasks.build import Reading
from yuragi.tasks.guidance import Guidance
from yuragi.tasks.tasks import TASKS

PAGE = Path(__file__).with_name("options.md")

HEAD = """\
# Options

Every option of every task. This page is generated from the request classes
(`python docs/options.py`); do not edit it by hand.

A range in parentheses excludes its end: `(0, 1]` is above 0 and at most 1. An empty cell in the
column *Python* means that the option exists on the command line only. Options of
[guidance](#guidance), [reading pictures](#reading-pictures), [output](#output),
[the policy](#policy) and [loading](#loading-the-model) are the same for every task and are listed
once, at the end.

## Configuration file

Your own defaults can be set in a TOML file. It is the file that `$YURAGI_CONFIG` names, or else
`yuragi/config.toml` in the folder `$XDG_CONFIG_HOME` (by default `~/.config`). `yuragi config path`
prints its path.

```toml
[all]                 # for every command
model = "portraits"

[drag]                # for one command; the names are those of the command line
steps = 30
```

Every task has a table, and so have `batch`, `serve` and `worker`; `yuragi studio` uses that of
`serve`. The first of these that sets an option decides:

1. the command line;
2. the environment variable for one command, such as `YURAGI_DRAG_STEPS`;
3. the environment variable for every command, such as `YURAGI_STEPS`;
4. the table of the command in the file;
5. the table `[all]` in the file;
6. the default, which can be [the model's](models.md#settings-of-a-models-own).

`yuragi config show COMMAND`, for a task, `serve` or `worker`, lists the options that have a value,
and where each value comes from. `yuragi config show` lists all that the file and the environment
set. Secrets are masked. A table or a variable of one command that sets an unknown option is an
error; options in `[all]` that a command does not have are ignored.
"""

GUIDANCE = """\
## Guidance

For every task; a drag with the preset `paper` or `fast` takes no rule but `cfg`, and no `--stress`.
In Python these options are fields of the rule and the gain:
`guidance=Guidance(rule="linear", gain={"name": "ratio", "gamma": 0.5})`. The name of one rule or
gain alone is enough: `guidance="reg"`.
"""

COLUMNS = ("Command line", "Python", "Default", "Range", "Unit", "Description")


def page() -> str:
    """The whole page as Markdown."""
    parts = [HEAD]
    for name, kind in TASKS.items():
        extra = parameters(EXTRAS[name]) if name in EXTRAS else ()
        rows = [row(each, cls, method(name)) for each, cls in own_options(kind)]
        rows += [row(each, EXTRAS[name], ()) for each in extra]
        parts.append(f"## {name}\n\n{kind.title}\n\n{table(rows)}")
    parts.append(f"{GUIDANCE}\n{table(guidance_rows())}")
    picture = inspect.signature(Model.sdedit).parameters
    parts.append(
        "## Reading pictures\n\nFor every task that edits a picture.\n\n"
        + table(row(each, Reading, picture) for each in parameters(Reading))
    )
    parts.append(
        "## Output\n\nFor every task, on the command line. In Python, `Result.save` writes a "
        "picture.\n\n" + table(row(each, Output, ()) for each in parameters(Output))
    )
    parts.append(
        "## Credentials\n\nFor every task, on the command line; see "
        "[provenance](provenance.md).\n\n"
        + table(row(each, Signing, ()) for each in parameters(Signing))
    )
    parts.append(
        "## Policy\n\nFor every task, on the command line; see "
        "[the service](service.md#policy).\n\n"
        + table(row(each, Judged, ()) for each in parameters(Judged))
    )
    loading = inspect.signature(load).parameters
    parts.append(
        "## Loading the model\n\nFor every task, before or after its name. In Python these are "
        "keywords of `yuragi.load`.\n\n"
        + table(row(each, Opening, loading) for each in parameters(Opening))
    )
    return "\n".join(parts)


def own_options(kind: type[Request]) -> Iterator[tuple[Parameter, type[BaseModel]]]:
    """The options of a task that do not belong to guidance, with the class that has each."""
    for cls in (kind, *kind.BESIDE):
        for each in parameters(cls):
            if each.path[0] != "guidance":
                yield each, cls


def method(task: str) -> Iterable[str]:
    """The keywords of the method of `Model` that runs a task; none for a task without one."""
    return inspect.signature(getattr(Model, task)).parameters if hasattr(Model, task) else ()


def guidance_rows() -> Iterator[Sequence[str]]:
    """The rows of the options of guidance."""
    for each in parameters(Guidance):
        _, python, *rest = row(each, Guidance, ())
        python = each.path[0] if each.path[-1] == "name" else f"{each.path[0]}: {each.path[-1]}"
        only = f" Only with {' or '.join(f'`{owner}`' for owner in each.owners)}."
        rest[-1] += only if each.owners else ""
        yield (flags(each), f"`{python}`", *rest)


def row(each: Parameter, cls: type[BaseModel], keywords: Iterable[str]) -> Sequence[str]:
    """One row of a table.

    Args:
        each: the option.
        cls: the class in which the option's path begins.
        keywords: names of the Python function's arguments.
    """
    option = each.of.option
    name, python = each.path[0], ""
    if name in keywords:
        python = f"`{name}`" if each.path[-1] in (name, "") else f"`{name}.{each.path[-1]}`"
    text = option.help + (" Can be given several times." if each.of.many else "")
    return flags(each), python, default(each), bounds(each, cls), option.unit, text


def flags(each: Parameter) -> str:
    """How the option is written on the command line."""
    option = each.of.option
    if each.of.positional:
        return f"`{option.metavar}`"
    off = "--no-" + each.of.flag.removeprefix("--") if each.of.default is True else ""
    return ", ".join(f"`{flag}`" for flag in (each.of.flag, off, option.also) if flag)


def default(each: Parameter) -> str:
    """The default of the option, or that it is required."""
    if each.switch:
        return "on" if each.of.default is True else "off"
    words = each.of.option.default
    if words and words not in each.words:
        return words
    if each.of.required:
        return "required"
    return f"`{each.of.shown_default}`" if each.of.shown_default else ""


def bounds(each: Parameter, cls: type[BaseModel]) -> str:
    """The values that the option can have, as words or as an interval."""
    if each.words:
        return ", ".join(f"`{word}`" for word in each.words)
    if each.switch:
        return ""
    schema = holder(cls, each.path).model_json_schema()["properties"][each.path[-1]]
    numbers = [one for one in (schema, *schema.get("anyOf", ())) if is_number(one)]
    return interval(numbers[0]) if numbers else ""


def holder(cls: type[BaseModel], path: Sequence[str]) -> type[BaseModel]:
    """The class that has the last field of a path."""
    for step in path[:-1]:
        info = cls.model_fields[step]
        registered = next((m for m in info.metadata if isinstance(m, OneOf)), None)
        if registered is None:
            cls = inner(info.annotation)
        else:
            kinds = registered.registry.values()
            cls = next(kind for kind in kinds if path[-1] in kind.model_fields)
    return cls


def is_number(schema: Any) -> bool:
    """Whether a JSON schema describes a number."""
    return schema.get("type") in ("number", "integer")


def interval(schema: Any) -> str:
    """The range of a number's JSON schema; empty for any number."""
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if low is None and above is None and high is None and below is None:
        return ""
    start = f"[{low:g}" if low is not None else f"({'-inf' if above is None else f'{above:g}'}"
    if high is not None:
        return f"{start}, {high:g}]"
    if below is None:
        return f"{start}, inf)"
    return f"{start}, {'2^63' if below == 2**63 else f'{below:g}'})"


def table(rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table with the columns of this page."""
    lines = [COLUMNS, ["---"] * len(COLUMNS), *rows]
    escaped = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "".join(f"| {' | '.join(line)} |\n" for line in escaped)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
