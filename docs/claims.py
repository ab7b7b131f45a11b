"""The section of docs/benchmarks.md that holds the claims of the two papers against our reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from reports import read
from sweep_tables import distance_of

from yuragi.research.bench.tables import interval, number, table

Figures: TypeAlias = dict[str, Mapping[str, float]]
"""Differences with their intervals, by where they were measured."""

HEAD = """## What the papers claim, and what was found

[Nie et al.](https://arxiv.org/abs/2311.01410) is *The Blessing of Randomness* (ICLR 2024), and
[Gao et al.](https://arxiv.org/abs/2501.18865) is *REG* (ICML 2025). A claim is *found* where the
interval of our difference is on its side of zero, *opposite* where it is on the other side, and
*not found* where it contains zero. Our figures are of one small model of drawn heads, or of models
of Fashion-MNIST, and those of the papers of large models of photographs, so a claim that was not
found here can still hold there.
"""
RANDOMNESS, REG = "Nie et al.", "Gao et al."


def claims() -> str:
    """The section."""
    heads = ["claim", "paper", "measured", "where", "our figure", "verdict", "why, as far as known"]
    return f"{HEAD}\n{table(heads, [*_randomness(), *_guidance()])}\n"


def _randomness() -> list[list[str]]:
    curves, claim = read("lab-kl")["curves"], read("edits")["claim"]["psnr"]
    ode, sde = curves["0"]["kl"], curves["1"]["kl"]
    rows = [
        [
            "an edit's distance from the model falls along the SDE and stays along the ODE",
            RANDOMNESS,
            f"KL to the model, {_link('lab-kl')}",
            "a known distribution, so without an interval",
            f"from {number(ode[0])} to {number(ode[-1])} (ODE) and {sde[-1]:.1g} (SDE)",
            "found",
            "it is proved, and tested for every solver",
        ],
        *_rows(
            "the SDE fills holes better than the ODE",
            RANDOMNESS,
            f"SDE - ODE, PSNR, {_link('edits')}",
            _edits("inpaint"),
            "fresh noise mends the seam; 42 holes are few for a difference of 1 dB",
        ),
        *_rows(
            "the SDE in 25 steps fills holes better than the ODE in 100",
            RANDOMNESS,
            f"PSNR, {_link('edits')}",
            {"25 and 100 steps": claim},
            "the same",
        ),
        *_rows(
            "the SDE is better at translating pictures (Cycle-SDE against DDIB)",
            RANDOMNESS,
            f"SDE - ODE, PSNR, {_link('edits')}",
            _edits("translate"),
            "recorded noise keeps the colour of large areas: changed backgrounds make most of the "
            "difference ([details](edits/README.md#which-is-better))",
        ),
        *_rows(
            "the SDE is better at DiffEdit",
            RANDOMNESS,
            f"SDE - ODE, PSNR, {_link('edits')}",
            _edits("diffedit"),
            "the mask protects the rest of the picture with either",
        ),
    ]
    drags = read("drag")["rows"]
    both = "; ".join(
        f"{name} {number(drags[row]['registered'])} pixels, {number(drags[row]['psnr'])} dB"
        for name, row in (("SDE-Drag", "paper"), ("ODE-Drag", "ode"), ("no drag", "nothing"))
    )
    rows.append(
        [
            "SDE-Drag is better than ODE-Drag",
            RANDOMNESS,
            f"distance from the target and PSNR, {_link('drag')}",
            "drawn heads, means without an interval of the difference",
            both,
            "in the means",
            "both move boxes that are smaller than a head, and hardly come nearer than no drag",
        ]
    )
    return rows


def _guidance() -> list[list[str]]:
    exact, portraits, fashion = (read(n) for n in ("lab-reg", "sweep-portraits", "sweep-fashion"))
    wins = " and ".join(f"{found['1']['reg']:.0%}" for found in exact["win_ratio"].values())
    share = exact["geomean_vs_reg"]["1"]["cfg"]
    return [
        [
            "REG is closer to the ideal guidance than plain guidance",
            REG,
            f"share of the grid, and path-KL, {_link('lab-reg')}",
            "exact problems, w = 1, without an interval",
            f"nearer on {wins} of {' and '.join(exact['win_ratio'])}; plain guidance has "
            f"{share:.1f} times the path-KL of REG",
            "found",
            "it holds for exact denoisers, except on mean shifts, where plain guidance is exact",
        ],
        *_rows(
            "REG improves the distance of the same sampler",
            REG,
            f"REG - plain, {distance_of(portraits)} at equal steps, {_link('sweep-portraits')}",
            {
                f"{gain['rule']}, scale {each['scale']:g}": each["same_steps"][
                    distance_of(portraits)
                ]
                for gain in portraits["gains"]
                if gain["gain"] == "reg"
                for each in gain["scales"]
                if each["same_steps"]
            },
            "REG weakens guidance, which helps where the scale is too high",
            wanted=-1,
        ),
        *_rows(
            "REG improves the best distance of a rule",
            REG,
            f"REG - plain, each at its best scale, at equal cost, {_link('sweep-portraits')} and "
            f"{_link('sweep-fashion')}",
            {
                f"{data}, {gain['rule']}": gain["best"][distance_of(report)]
                for data, report in (("portraits", portraits), ("Fashion-MNIST", fashion))
                for gain in report["gains"]
                if gain["gain"] == "reg"
            },
            "at equal cost plain guidance takes twice the steps; the error that REG corrects is "
            "small beside that of the models ([guidance](guidance.md))",
            wanted=-1,
        ),
    ]


def _rows(
    claim: str, paper: str, measure: str, figures: Figures, why: str, wanted: int = 1
) -> list[list[str]]:
    """A row per difference, which the paper expects above zero, or below it if `wanted` is -1."""
    told = [[where, interval(found), _verdict(found, wanted)] for where, found in figures.items()]
    first, *others = told
    return [[claim, paper, measure, *first, why], *(["", "", "", *each, ""] for each in others)]


def _verdict(found: Mapping[str, float], wanted: int) -> str:
    if found["low"] <= 0 <= found["high"]:
        return "not found"
    return "found" if found["value"] * wanted > 0 else "opposite"


def _edits(task: str) -> Figures:
    found: list[dict[str, Any]] = read("edits")["contrasts"]
    return {
        f"{each['steps']} steps": each["psnr"]
        for each in found
        if (each["task"], each["of"], each["to"]) == (task, "sde", "ode")
    }


def _link(name: str) -> str:
    return f"[{name}.json](../results/{name}.json)"
