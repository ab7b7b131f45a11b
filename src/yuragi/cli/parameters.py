"""Command line parameters, generated from classes of options (`yuragi.options`).

A simple field gives one parameter. A field with one of several registered classes, such as the
weight rule, gives a parameter for the name of the class, and one for every option of the classes. A
field with an optional class, such as the LoRA, gives a switch, and one parameter for every option.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from yuragi.errors import InputError
from yuragi.models.names import model_names
from yuragi.options.one_of import OneOf
from yuragi.options.option import OptionOf, choices, inner, options

__all__ = ["Parameter", "nested", "parameters", "signature", "taking"]

MODELS = ("model", "weak_model")
"""Options whose values are names or paths of models."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a command.

    Attributes:
        name: the name of the argument of the command's function.
        of: the field that the parameter sets.
        path: the names of the fields that lead to the value.
        heading: the heading of the parameter in the help.
        words: the allowed values, for completion and help; empty for any value.
        switch: whether the parameter has no value.
        owners: the choices of registered classes that have this option; empty for all.
        usual: the name of the registered class that is used by default.
    """

    name: str
    of: OptionOf
    path: Sequence[str]
    heading: str
    words: Sequence[str] = ()
    switch: bool = False
    owners: Sequence[str] = field(default=())
    usual: str = ""

    @property
    def annotation(self) -> Any:
        """The type annotation for Typer."""
        option = self.of.option
        panel = "Advanced" if option.advanced and not self.heading else self.heading or None
        if self.of.positional:
            shown = typer.Argument(help=option.help, metavar=option.metavar, show_default=False)
            return Annotated[str | None, shown]
        names = [option.flag or self.of.flag, *([option.also] if option.also else [])]
        if self.switch:
            negative = f"/--no-{names[0].removeprefix('--')}" if self.of.default is True else ""
            made = typer.Option(
                names[0] + negative,
                *names[1:],
                help=option.help,
                rich_help_panel=panel,
                show_default=False,
            )
            return Annotated[bool | None, made]
        words = self.words
        made = typer.Option(
            *names,
            help=self._help,
            metavar=option.metavar or ("|".join(words) if words else self._form),
            show_default=False,
            rich_help_panel=panel,
            autocompletion=self._complete if words or self.of.name in MODELS else None,
        )
        return Annotated[list[str] | None if self.of.many else str | None, made]

    def helped(self, text: str) -> Parameter:
        """The same parameter with another help text."""
        return replace(self, of=replace(self.of, option=replace(self.of.option, help=text)))

    def _complete(self, incomplete: str) -> list[str]:
        words = self.words or model_names()
        return [word for word in words if word.startswith(incomplete)]

    @property
    def _help(self) -> str:
        option = self.of.option
        unit = f" Unit: {option.unit}." if option.unit else ""
        again = " Can be given several times." if self.of.many else ""
        only = f" Only with {' or '.join(self.owners)}." if self.owners else ""
        default = f" Default: {self.of.shown_default}." if self.of.shown_default else ""
        return option.help + unit + again + only + default

    @property
    def _form(self) -> str:
        forms = {int: "NUMBER", float: "NUMBER", str: "TEXT"}
        return forms.get(self.of.annotation, "VALUE")


def parameters(kind: type[BaseModel], heading: str = "") -> Iterator[Parameter]:
    """The parameters of a class of options."""
    simple = {each.name: each for each in options(kind)}
    for name, info in kind.model_fields.items():
        registered = next((m for m in info.metadata if isinstance(m, OneOf)), None)
        annotation = inner(info.annotation)
        if registered is not None:
            if name in simple:
                yield from _chosen(simple[name], registered, heading)
        elif (
            inspect.isclass(annotation)
            and issubclass(annotation, BaseModel)
            and any(True for _ in parameters(annotation))
        ):
            yield from _inside(name, annotation, simple.get(name), heading)
        elif name in simple:
            one = simple[name]
            yield Parameter(
                name, one, (name,), heading, choices(one.annotation), one.annotation is bool
            )


def _chosen(chooser: OptionOf, registered: OneOf, heading: str) -> Iterator[Parameter]:
    """A parameter for the name of a registered class, and the parameters of all the classes."""
    flag, names = chooser.flag, list(registered.registry)
    default = getattr(chooser.default, "name", "")
    shown = replace(chooser.option, default=default, flag=flag)
    of = replace(chooser, option=shown, annotation=str, default=default)
    yield Parameter(registered.argument, of, (chooser.name, "name"), heading, names)
    found: dict[str, Parameter] = {}
    for owner, kind in registered.registry.items():
        for one in parameters(kind, heading):
            placed = replace(one, path=(chooser.name, *one.path), usual=default)
            known = found.get(one.name, placed)
            found[one.name] = replace(known, owners=[*known.owners, f"{flag} {owner}"])
    yield from found.values()


def _inside(
    name: str, kind: type[BaseModel], switch: OptionOf | None, heading: str
) -> Iterator[Parameter]:
    """The parameters of a nested class, and the switch of an optional one."""
    if switch is not None:
        yield Parameter(name, switch, (name, ""), heading, switch=True)
    for one in parameters(kind, heading):
        called = one.name if switch is None else f"{name}_{one.name}"
        yield replace(one, name=called, path=(name, *one.path))


def nested(given: Mapping[str, Any], of: Sequence[Parameter]) -> dict[str, Any]:
    """Convert values by parameter to nested values of the class, without those not given.

    Raises:
        InputError: an option belongs to a class that was not chosen.
    """
    values: dict[str, Any] = {}
    for parameter in of:
        value = given.get(parameter.name)
        if value is None or (parameter.of.many and not value):
            continue
        *way, last = parameter.path
        place = values
        for step in way:
            place = place.setdefault(step, {})
        if parameter.usual:
            place.setdefault("name", parameter.usual)
        if last:
            place[last] = value
    for parameter in of:
        if parameter.name in given and given[parameter.name] is not None:
            _check_belongs(parameter, given, values)
    return values


def _check_belongs(
    parameter: Parameter, given: Mapping[str, Any], values: Mapping[str, Any]
) -> None:
    """Refuse an option of a class that was not chosen."""
    if parameter.owners:
        holder: Mapping[str, Any] = values
        for step in parameter.path[:-1]:
            holder = holder[step]
        if not any(owner.endswith(f" {holder.get('name')}") for owner in parameter.owners):
            reason = "this option is used only with " + " or ".join(parameter.owners)
            raise InputError(parameter.name, given[parameter.name], "", reason)
    first = parameter.path[0]
    if parameter.name == f"{first}_{parameter.path[-1]}" and given.get(first) is None:
        reason = f"this option is used only with --{first}"
        raise InputError(parameter.name, given[parameter.name], "", reason)


def signature(
    command: Callable[..., None], of: Sequence[Parameter], **more: Any
) -> Callable[..., None]:
    """Give a function of keyword arguments these parameters as its signature, for Typer.

    Args:
        command: the function.
        of: the parameters.
        more: the annotations of switches that do not belong to a class of options.
    """
    keyword = inspect.Parameter.KEYWORD_ONLY
    shown = [
        inspect.Parameter(name, keyword, default=False, annotation=annotation)
        for name, annotation in more.items()
    ]
    shown += [
        inspect.Parameter(each.name, keyword, default=None, annotation=each.annotation)
        for each in sorted(of, key=lambda each: not each.of.positional)
    ]
    return taking(command, shown)


def taking(command: Callable[..., None], shown: Sequence[inspect.Parameter]) -> Callable[..., None]:
    """Set the signature of a function of keyword arguments, for Typer; returns the function."""
    command.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in shown}
    return command
