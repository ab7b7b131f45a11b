"""Groups of options in commands."""

from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from yuragi.cli.groups import grouped


@dataclass(frozen=True)
class Meal:
    """A group."""

    dish: Annotated[str, typer.Option(help="What there is.")] = "soup"
    plates: Annotated[int, typer.Option("--plates", "-p", help="For how many.", min=1)] = 2


def serve(*, table: str, meal: Meal, late: bool = False) -> None:
    """Serve a meal."""
    typer.echo(f"{table}: {meal.plates} x {meal.dish}, {late}")


def test_the_fields_of_a_group_are_options_in_its_place():
    app = typer.Typer()
    app.command()(grouped(serve))
    run = CliRunner().invoke
    assert run(app, ["1"]).output == "1: 2 x soup, False\n"
    told = run(app, ["1", "--dish", "rice", "-p", "3", "--late"]).output
    assert told == "1: 3 x rice, True\n"
    assert run(app, ["1", "-p", "0"]).exit_code == 2
    shown = run(app, ["--help"]).output
    places = [shown.index(each) for each in ("--dish", "--plates", "--late")]
    assert places == sorted(places)
