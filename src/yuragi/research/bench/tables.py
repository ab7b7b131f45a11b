"""Markdown tables of numbers and intervals, and where a page holds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["interval", "measured", "number", "table"]

BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
"""What encloses the tables of a page."""


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table; cells are shown as text."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def number(value: float | None) -> str:
    """Three digits, or one after the point; nothing for nothing."""
    return "" if value is None else f"{value:.3g}" if abs(value) < 10 else f"{value:.1f}"


def measured(page: str, *parts: str) -> str:
    """A page with these parts, of which each is text, in place of those that it holds."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    told = "\n".join(parts)
    return f"{before}{BEGIN}\n{told}\n{END}{after}"


def interval(found: Mapping[str, float] | None) -> str:
    """A difference with its ends, bold where clear of zero; nothing for nothing."""
    if found is None:
        return ""
    text = f"{found['value']:+.3f} [{found['low']:+.3f}, {found['high']:+.3f}]"
    return f"**{text}**" if found["low"] > 0 or found["high"] < 0 else text
