"""Write the tables of docs/guidance-theory.md from the reports of the laboratory in results/.

    python docs/guidance_theory.py

`tests/test_docs.py` fails when the committed tables are not what this script writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from reports import tabled

from yuragi.research.bench.tables import number, table

PAGE = Path(__file__).with_name("guidance-theory.md")
RULES = (
    *("none", "cfg", "reg", "reg_forward", "ratio", "ratio_0.25", "ratio_0.5", "ratio_1"),
    *("ratio_auto", "tangent_0", "lookahead", "lookahead_0.5"),
)
SAMPLED = (
    *("none", "cfg", "reg", "ratio", "ratio_0.25", "ratio_0.5", "ratio_1", "lookahead_0.5"),
    *("ideal", "exact"),
)
AGAINST_PLAIN = ("none", "reg", "reg_forward", "ratio", "ratio_0.25", "ratio_0.5", "ratio_1")
TRAINED = ("none", "cfg", "reg", "reg_forward", "ratio", "ratio_0.25", "ratio_0.5", "ratio_1")


def page() -> str:
    """The page with the tables of the current reports."""
    return tabled(PAGE, WRITERS)


def _numbers(found: Mapping[str, float], rules: Sequence[str]) -> list[str]:
    return [number(found[rule]) for rule in rules]


def _origin(report: Mapping[str, Any]) -> str:
    name = str(report["benchmark"]).replace(" ", "-")
    return (
        f"n = {report['n']} states per noise level in the plane, seed {report['seeds'][0]}, "
        f"commit {report['commit']}: [{name}.json](../results/{name}.json).\n"
    )


def _named(report: Mapping[str, Any]) -> str:
    parts = []
    for weight, problems in report["path_kl"].items():
        rows = [[name, *_numbers(found, RULES)] for name, found in problems.items()]
        means = report["geomean_vs_reg"][weight]
        rows.append(["geometric mean / reg", *_numbers(means, RULES)])
        parts.append(f"w = {weight}:\n\n" + table(["problem", *RULES], rows) + "\n")
    return "\n".join(parts)


def _random(report: Mapping[str, Any]) -> str:
    family = report["family"]
    rows = [
        [f"{half}, w = {weight}", *_numbers(found, RULES)]
        for half, by_weight in family["geomean_vs_reg"].items()
        for weight, found in by_weight.items()
    ]
    return table(["half", *RULES], rows) + f"\n\nChosen: `{family['chosen']}`.\n"


def _fields(report: Mapping[str, Any]) -> str:
    rows = [
        [name, weight, *(number(found[rule][0]) for rule in RULES)]
        for name, by_weight in report["fields"].items()
        for weight, found in by_weight.items()
    ]
    return table(["problem", "w", *RULES], rows) + "\n"


def _wins(report: Mapping[str, Any]) -> str:
    rows = [
        [name, *(f"{by_weight['1'][rule]:.2f}" for rule in AGAINST_PLAIN)]
        for name, by_weight in report["win_ratio"].items()
    ]
    return table(["problem", *AGAINST_PLAIN], rows) + "\n"


def _stress(report: Mapping[str, Any]) -> str:
    rows = [
        [name, *(", ".join(map(number, found[kind])) for kind in ("stress", "path_kl"))]
        for name, found in report["stress"].items()
    ]
    return table(["problem", "stress", "path-KL"], rows) + "\n"


def _samples(report: Mapping[str, Any]) -> str:
    rows = [
        [name, *(f"{1000 * found[rule]:.2f}" for rule in SAMPLED)]
        for name, found in report["samples"].items()
        if name != "weight"
    ]
    return table(["problem", *SAMPLED[:-1], "floor"], rows) + "\n"


def _trained(report: Mapping[str, Any]) -> str:
    rows = []
    for weight, problems in report["path_kl"].items():
        for name, found in problems.items():
            least = min(found[rule] for rule in TRAINED)
            cells = [
                f"**{number(found[rule])}**" if found[rule] == least else number(found[rule])
                for rule in TRAINED
            ]
            rows.append([weight, name, *cells])
    return table(["w", "problem", *TRAINED], rows) + "\n"


WRITERS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "lab-reg origin": _origin,
    "lab-reg named": _named,
    "lab-reg random": _random,
    "lab-reg fields": _fields,
    "lab-reg wins": _wins,
    "lab-reg stress": _stress,
    "lab-reg samples": _samples,
    "lab-trained origin": _origin,
    "lab-trained path-KL": _trained,
    "lab-trained wins": _wins,
}
"""See `reports.tabled`."""


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
