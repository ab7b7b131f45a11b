"""Markdown tables of numbers and intervals, and their place in a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["filled", "interval", "measured", "number", "table", "with_interval"]


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table; cells are shown as text."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def number(value: float | None) -> str:
    """Three significant digits below 10, otherwise one decimal; an empty string for None."""
    return "" if value is None else f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"


def measured(page: str, *parts: str) -> str:
    """The page with the text between its markers ``measured`` replaced by these parts."""
    return filled(page, "measured", "\n".join(parts))


def filled(page: str, name: str, told: str) -> str:
    """The page with the text between the markers of this name replaced."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
    before, rest = page.split(begin)
    _, after = rest.split(end)
    return f"{before}{begin}\n{told}\n{end}{after}"


def interval(found: Mapping[str, float] | None) -> str:
    """A difference with its interval, bold if that excludes zero; an empty string for None."""
    if found is None:
        return ""
    text = f"{found['value']:+.3f} [{found['low']:+.3f}, {found['high']:+.3f}]"
    return f"**{text}**" if found["low"] > 0 or found["high"] < 0 else text


def with_interval(found: Mapping[str, float]) -> str:
    """A value with its interval."""
    return f"{number(found['value'])} [{number(found['low'])}, {number(found['high'])}]"
