"""Write docs/benchmarks.md: what was measured, from the reports in results/.

    python docs/benchmarks.py

`tests/test_docs.py` fails when the committed page is not what this script writes. A new report
appears in the list of all reports by itself; a section of its own is a function here, whose
docstring is the text of the section.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from yuragi.research.bench.tables import interval, number, table

PAGE = Path(__file__).with_name("benchmarks.md")
RESULTS = Path(__file__).parents[1] / "results"

EARLIER = {
    "d0268955cb0f8b027abc3f586de3461e": "Measured with the portrait model of 128 x 128 pixels that "
    "the package held before; not measured again yet."
}
"""What is said of reports on weights that are no longer in the package."""

HEAD = """# Benchmarks

This page is written by `python docs/benchmarks.py` from the reports in `results/`; a test
compares them. Every report holds the number of cases, the seeds, the commit, the versions and the
device, and is made by the command above its table. Intervals are 95 %; differences are paired,
and bold where they are clear of zero. Cases on which settings were chosen are not among those
that are reported.

How to read the numbers: *PSNR* in dB compares pixels with the true result (higher is better),
*LPIPS* compares how they look (lower is better), and *arrival* says how far, in pixels, dragged
points end from their targets.
"""


def drags() -> str:
    """Portraits of which one feature moves, so that the true result is known. *paper* is SDE-Drag
    as published, *ours* the default. More tables, also by kind of motion:
    [drags](../results/drag.md).
    """
    report = _read("drag")
    rows = []
    for name, found in report["rows"].items():
        paired = report["against_ours"].get(name, {})
        numbers = _numbers(found, "registered", "psnr", "lpips", "evaluations", "seconds")
        rows.append([name, *numbers, interval(paired.get("psnr"))])
    head = ["method", "arrival", "PSNR", "LPIPS", "evaluations", "seconds", "ours above it, PSNR"]
    return table(head, rows)


def edits() -> str:
    """Differences of PSNR in dB. Each sampler has its own settings, chosen on other cases. All
    measures: [edits](../results/edits.md).
    """
    report = _read("edits")
    head = ["task", "steps", "SDE above ODE", "adaptive above ODE", "adaptive above SDE"]
    pairs = (("sde", "ode"), ("adaptive", "ode"), ("adaptive", "sde"))
    found = {(c["task"], c["steps"], c["of"], c["to"]): c["psnr"] for c in report["contrasts"]}
    cells = dict.fromkeys((c["task"], c["steps"]) for c in report["contrasts"])
    return table(
        head, [[*cell, *(interval(found[*cell, *pair]) for pair in pairs)] for cell in cells]
    )


def guidance() -> str:
    """*Distance* is a Fréchet distance on features of EfficientNet-Lite0 (FD-EffLite0), *accuracy*
    that of the judge. *Equal cost* is plain guidance with as many evaluations, on more steps
    (*plain x30*, *plain x40*): the control that a gain must beat. [Guidance](guidance.md) has
    all arms and says what follows.
    """
    rows = []
    for point in _read("guidance")["points"]:
        against = dict(point["against"])
        plain = against.pop("plain", {})
        equal = next(iter(against.values()), {})
        distances = [interval(plain.get("fd")), interval(equal.get("fd"))]
        cost, accuracy, different = _numbers(point, "evaluations_per_picture", "accuracy", "vendi")
        name, distance = point["arm"], number(point["fd"]["value"])
        rows.append([point["scale"], name, cost, distance, *distances, accuracy, different])
    head = ["scale", "arm", "evaluations", "distance", "above plain", "above plain at equal cost"]
    return table([*head, "accuracy", "Vendi"], rows)


def gains() -> str:
    """Path-KL to the exact law that guidance aims at (lower is better). [Guidance
    theory](guidance-theory.md) explains the problems.
    """
    report = _read("lab-reg")
    shown = ("cfg", "reg", "reg_forward", "ratio", "lookahead")
    rows = [
        [f"w = {weight}, {problem}", *_numbers(found, *shown)]
        for weight, problems in report["path_kl"].items()
        for problem, found in problems.items()
    ]
    rows += [
        [f"w = {weight}, geometric mean, as a share of REG", *_numbers(found, *shown)]
        for weight, found in report["geomean_vs_reg"].items()
    ]
    return table(["problem", "plain", *shown[1:]], rows)


def randomness() -> str:
    """A law on the line that is known exactly, edited at full noise. [Why noise
    helps](why-noise.md) has the curves.
    """
    report = _read("lab-kl")
    rows = [
        [eta, number(curve["kl"][0]), f"{curve['kl'][-1]:.2g}"]
        for eta, curve in report["curves"].items()
    ]
    return table(["noise, eta", "KL at full noise", "KL of the pictures"], rows)


def bends() -> str:
    """Photographs that a known map has bent; each flow sees the same points."""
    head = ["flow", "error, pixels", "PSNR", "folds", "tears", "ours above it, PSNR"]
    rows = []
    for row in _read("elastic")["rows"]:
        numbers = _numbers(row["mean"], "error", "psnr", "folds", "tears")
        rows.append([row["flow"], *numbers, interval(row.get("ours_minus", {}).get("psnr"))])
    return table(head, rows)


def cutouts() -> str:
    """A thing moves over a photograph; the method gets points, a mask or a region."""
    rows = [
        [given, name, *_numbers(found, "registered", "psnr", "lpips", "seams")]
        for given, report in _read("cutouts")["given"].items()
        for name, found in report["rows"].items()
    ]
    return table(["given", "method", "arrival", "PSNR", "LPIPS", "seams"], rows)


def fills() -> str:
    """What a drag uncovers, before a model imagines anything."""
    rows = []
    for row in _read("fill")["rows"]:
        numbers = _numbers(row["mean"], "psnr", "lpips", "seconds")
        rows.append([row["fill"], *numbers, interval(row.get("minus_averages", {}).get("psnr"))])
    return table(["fill", "PSNR", "LPIPS", "seconds", "above averages, PSNR"], rows)


def intent() -> str:
    """How often the intent score, which ranks candidates, puts the true result above a damaged
    one.
    """
    rows = [
        [name, found["n"], f"{found['share']:.1%} [{found['low']:.1%}, {found['high']:.1%}]"]
        for name, found in _read("intent")["truth_above"].items()
    ]
    return table(["damaged result", "n", "the truth ranked above it"], rows)


def familiarity() -> str:
    """How often pictures are called foreign to the portrait model: rightly below *pictures* and
    *styles*, wrongly below *known*.
    """
    rows = [
        [kind, name, found["n"], f"{found['foreign']:.1%}", _ends(found["interval"])]
        for kind, groups in _read("familiarity")["groups"].items()
        for name, found in groups.items()
    ]
    return table(["", "pictures", "n", "called foreign", "interval"], rows)


def portraits() -> str:
    """Accuracy of the judge on generated portraits; real drawings bound it. The
    [model card](../src/yuragi/assets/models/portraits/README.md) says more.
    """
    found = _read("portraits")["accuracy"]
    columns = {"generated": "generated", "real": "real drawings", "round_trip": "their round trips"}
    rows = [
        [attribute.replace("_", " "), *(f"{found[column][attribute]:.1%}" for column in columns)]
        for attribute in found["generated"]
    ]
    return table(["attribute", *columns.values()], rows)


def speed() -> str:
    """On two CPU cores; *diffusers* is the library's own loop with the same network."""
    head = ["run", "seconds", "evaluations", "time over the network's alone", "peak MiB"]
    keys = ("seconds", "evaluations", "overhead", "peak_mib")
    return table(
        head, [[name, *_numbers(row, *keys)] for name, row in _read("speed")["rows"].items()]
    )


def costs() -> str:
    """Two of the networks have random weights, because time does not depend on them."""
    rows = [
        [network, gain, *_numbers(row, "evaluations", "relative", "peak_mib")]
        for network, found in _read("guidance-cost")["networks"].items()
        for gain, row in found["gains"].items()
    ]
    return table(["network", "gain", "evaluations a step", "time over plain", "peak MiB"], rows)


SECTIONS: dict[str, tuple[str, str, Callable[[], str]]] = {
    "Drags against SDE-Drag": ("drag", "yuragi bench drag", drags),
    "With noise or without": ("edits", "yuragi bench edits", edits),
    "What noise does to a wrong start": ("lab-kl", "yuragi lab kl", randomness),
    "Gains on exact problems": ("lab-reg", "yuragi lab reg", gains),
    "Gains on the portrait model": ("guidance", "yuragi bench guidance", guidance),
    "What a gain costs": ("guidance-cost", "yuragi bench guidance-cost", costs),
    "Bending photographs": ("elastic", "yuragi bench elastic", bends),
    "Cutting things out of photographs": ("cutouts", "yuragi bench cutouts", cutouts),
    "Closing holes without a model": ("fill", "yuragi bench fill", fills),
    "Does the score see damage": ("intent", "yuragi bench intent", intent),
    "Does a model know a picture": ("familiarity", "yuragi bench familiarity", familiarity),
    "The portrait model": ("portraits", "yuragi bench portraits", portraits),
    "Speed": ("speed", "yuragi bench speed", speed),
}
"""Sections of the page: the report, the command that makes it, and the table with its text."""


def page() -> str:
    """The page with the tables of the present reports."""
    parts = [HEAD]
    for title, (name, command, body) in SECTIONS.items():
        text = inspect.cleandoc(body.__doc__ or "")
        parts += [f"## {title}\n", f"{text}\n", f"    {command}\n"]
        parts += [f"{body()}\n", f"{_source(name)}\n"]
    parts += ["## All reports\n", f"{_list()}\n"]
    parts.append("Load and faults on purpose have [their page](service.md#measured).\n")
    return "\n".join(parts)


def _read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))
    return found


def _numbers(found: dict[str, Any], *keys: str) -> list[str]:
    return [number(found.get(key)) for key in keys]


def _ends(found: Iterable[float]) -> str:
    return "[" + ", ".join(f"{end:.1%}" for end in found) + "]"


def _source(name: str) -> str:
    report = _read(name)
    told = f"n = {report['n']}, seeds {_seeds(report)}, commit {report['commit']}"
    weights = str(report.get("weights"))
    with_earlier = f" {EARLIER[weights]}" if weights in EARLIER else ""
    return f"{told}: [{name}.json](../results/{name}.json).{with_earlier}"


def _seeds(report: dict[str, Any]) -> str:
    seeds = report.get("seeds", [])
    return ", ".join(map(str, seeds)) if len(seeds) < 5 else f"{seeds[0]} to {seeds[-1]}"


def _list() -> str:
    rows = []
    for path in sorted(RESULTS.glob("*.json")):
        report = _read(path.stem)
        told = [str(report.get(key, "")) for key in ("benchmark", "n", "commit", "device")]
        rows.append([f"[{path.name}](../results/{path.name})", *told, _seeds(report)])
    return table(["report", "benchmark", "n", "commit", "device", "seeds"], rows)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
