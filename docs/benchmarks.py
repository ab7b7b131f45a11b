"""Write docs/benchmarks.md, the page of all measurements, from the reports in results/.

    python docs/benchmarks.py

`tests/test_docs.py` fails when the committed page is not what this script writes. A new report
appears in the list of all reports without changes here. A section of its own needs an entry in
`SECTIONS`, with a function whose docstring is the text of the section.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from claims import claims
from reports import RESULTS, counted, numbers, read, with_chances
from sweep_tables import distance_of

from yuragi.research.bench.report import elsewhere, seeds_of
from yuragi.research.bench.tables import interval, number, table, with_interval

PAGE = Path(__file__).with_name("benchmarks.md")

HEAD = """# Benchmarks

`python docs/benchmarks.py` writes this page from the reports in `results/`, and a test checks that
the page is up to date. Every report contains the number of cases, the seeds, the commit, the
versions and the device. A `+` after a commit means that the checkout had changes that were not
committed. The command above each table makes its report. Intervals are 95 %. Differences are
paired, and bold if their interval does not contain zero. Means stand without an interval if their
report was made before reports contained them; compare two rows by the interval of their
difference. Settings were chosen on other cases, except where the section says so.

How to read the numbers: *PSNR* in dB compares pixels with the true result (higher is better),
*HED-LPIPS* compares how they look (lower is better; it cannot be compared with published LPIPS, see
[measures](measures.md#what-is-measured)), and *registered* is the distance in pixels of the dragged
content from its target, found by registration to the true result.

<!-- chance: begin -->
<!-- chance: end -->
"""

COUNTED = {
    "assess-bias": "portraits per arm",
    "assess-reproducibility": "pictures per arm",
    "assess-sensitivity": "pictures per point",
    "assess-stability": "pictures per arm",
    "batch": "pictures, all rounds together",
    "cutouts": "scenes",
    "drag": "drags",
    "drag-pattern": "drags",
    "drag-photograph": "drags",
    "edits": "edits per task",
    "elastic": "bends",
    "familiarity": "pictures",
    "faults": "jobs per scenario, at most",
    "fill": "holes",
    "guidance-cost": "rounds",
    "intent": "drags",
    "lab-gamma": "random problems",
    "lab-kl": "samples",
    "lab-reg": "draws per level in the plane",
    "lab-trained": "draws per level in the plane",
    "load": "jobs",
    "photos": "photographs",
    "portraits": "portraits",
    "speed": "rounds",
    "sweep-fashion": "pictures per point",
    "sweep-portraits": "pictures per point",
    "words": "drawings",
}
"""What n counts in each report; a report that is not listed counts cases."""


def drags() -> str:
    """Portraits in which one feature moves, so that the true result is known. *n* is the number of
    cases of a row, and a difference is over these cases.

    - *nothing* is the picture before the drag, and *paste* copies the boxes of SDE-Drag without any
      diffusion.
    - *ode* and *paper* are ODE-Drag and SDE-Drag as published.
    - *ours* is the preset `warp` as it was at the time: with the threshold 0.1 for the doubt, which
      is 0.3 now, and with an earlier fill of the uncovered area.
      [Dragging](drag.md#which-is-better) says what the network does with the present settings.
    - The rows *ours, ...* change one part of it, such as *boxes*, which moves SDE-Drag's boxes
      instead of the object, and *whole cells*, in which points move by whole cells of the latent;
      [the ablations](drag-method.md#ablations) describe each.

    [Drags](../results/drag.md) has more tables, also by kind of motion.
    """
    report = read("drag")
    rows = []
    for name, found in report["rows"].items():
        paired = report["against_ours"].get(name, {})
        shown = numbers(found, "registered", "psnr", "lpips", "evaluations", "seconds")
        rows.append([name, found["n"], *shown, interval(paired.get("psnr"))])
    head = ["method", "n", "registered", "PSNR", "HED-LPIPS", "evaluations", "seconds"]
    return table([*head, "ours minus this, PSNR"], rows)


def edits() -> str:
    """Differences in PSNR, in dB. Each sampler has its own settings, chosen on other cases.
    [Edits](../results/edits.md) has all measures.
    """
    report = read("edits")
    head = ["task", "steps", "SDE minus ODE", "adaptive minus ODE", "adaptive minus SDE"]
    pairs = (("sde", "ode"), ("adaptive", "ode"), ("adaptive", "sde"))
    found = {(c["task"], c["steps"], c["of"], c["to"]): c["psnr"] for c in report["contrasts"]}
    cells = dict.fromkeys((c["task"], c["steps"]) for c in report["contrasts"])
    return table(
        head, [[*cell, *(interval(found[*cell, *pair]) for pair in pairs)] for cell in cells]
    )


def guidance() -> str:
    """*Distance* is the Fréchet distance of EfficientNet-Lite0 features (FD-EffLite0), and
    *accuracy* is how often the judge sees what the prompt names. A gain is compared with plain
    guidance of its rule, and a rule with `cfg`, at equal steps and with more steps at no less
    *cost* (evaluations, of which a reverse product counts as two). The gain *scheduled* is finished
    at scale 3 and in part at 1.5. [Guidance](guidance.md) has more measures and the conclusions.
    """
    report = read("sweep-portraits")
    distance = distance_of(report)
    beside = {
        (kind["rule"], kind.get("gain", "plain"), each["scale"], each["cost"]): each
        for kind in [*report["gains"], *report["rules"]]
        for each in kind["scales"]
    }
    rows = []
    for told in report["points"]:
        point, figures = told["point"], told["figures"]
        found = beside.get((point["rule"], point["gain"], point["scale"], told["cost"]), {})
        differences = [
            interval((found.get(kind) or {}).get(distance)) for kind in ("same_steps", "same_cost")
        ]
        value, accuracy, different = (
            with_interval(figures[name]) for name in (distance, "accuracy", "Vendi")
        )
        named = [f"{point['scale']:g}", told["arm"], number(told["cost"])]
        rows.append([*named, value, *differences, accuracy, different])
    head = ["scale", "arm", "cost", "distance"]
    head += ["difference at equal steps", "difference at equal cost"]
    return table([*head, "accuracy", "Vendi"], rows)


def gains() -> str:
    """Path-KL to the ideal sampler (lower is better). [Guidance theory](guidance-theory.md)
    explains the problems.
    """
    report = read("lab-reg")
    shown = ("cfg", "reg", "reg_forward", "ratio", "lookahead")
    rows = [
        [f"w = {weight}, {problem}", *numbers(found, *shown)]
        for weight, problems in report["path_kl"].items()
        for problem, found in problems.items()
    ]
    rows += [
        [f"w = {weight}, geometric mean, as a share of REG", *numbers(found, *shown)]
        for weight, found in report["geomean_vs_reg"].items()
    ]
    return table(["problem", "plain", *shown[1:]], rows)


def randomness() -> str:
    """A distribution of one variable that is known exactly is edited at full noise. [Why noise
    helps](why-noise.md) has the curves.
    """
    report = read("lab-kl")
    rows = [
        [eta, number(curve["kl"][0]), f"{curve['kl'][-1]:.2g}"]
        for eta, curve in report["curves"].items()
    ]
    return table(["noise, eta", "KL at full noise", "KL of the pictures"], rows)


def bends() -> str:
    """Photographs are bent by a known map, and every flow gets the same points of it. The bends are
    of six photographs only, and the intervals treat them as independent, so they are too narrow for
    other photographs.
    """
    head = ["flow", "error, pixels", "PSNR", "folds", "tears", "ours minus this, PSNR"]
    rows = []
    for row in read("elastic")["rows"]:
        shown = numbers(row["mean"], "error", "psnr", "folds", "tears")
        rows.append([row["flow"], *shown, interval(row.get("ours_minus", {}).get("psnr"))])
    return table(head, rows)


def cutouts() -> str:
    """An object moves over a photograph, and the method gets points, a mask or a region."""
    rows = []
    for given, report in read("cutouts")["given"].items():
        for name, found in report["rows"].items():
            shown = numbers(found, "registered", "psnr", "lpips", "seams")
            paired = report["ours_minus"].get(name, {}).get("psnr")
            rows.append([given, name, *shown, interval(paired)])
    head = ["given", "method", "registered", "PSNR", "HED-LPIPS", "seams"]
    return table([*head, "ours minus this, PSNR"], rows)


def fills() -> str:
    """The places that a drag uncovers are filled before a model generates anything there. Holes
    that share a photograph are not independent, so the intervals are somewhat too narrow.
    """
    rows = []
    for row in read("fill")["rows"]:
        shown = numbers(row["mean"], "psnr", "lpips", "seconds")
        rows.append([row["fill"], *shown, interval(row.get("minus_averages", {}).get("psnr"))])
    return table(["fill", "PSNR", "HED-LPIPS", "seconds", "PSNR minus that of averages"], rows)


def intent() -> str:
    """How often the intent score, which ranks candidates, ranks the true result above a damaged
    one. The seven kinds of drags with one number can share a photograph or an object, and the
    intervals treat them as independent, so they are somewhat too narrow.
    """
    rows = [
        [name, found["n"], f"{found['share']:.1%} [{found['low']:.1%}, {found['high']:.1%}]"]
        for name, found in read("intent")["truth_above"].items()
    ]
    return table(["damaged result", "n", "true result ranked above it"], rows)


def familiarity() -> str:
    """How often pictures are considered foreign to the portrait model. This is correct for
    *pictures* and *styles*, and wrong for *known*. The features of the measure were chosen for an
    earlier model of portraits, and that choice looked at these photographs and stamps, and at other
    drawings in 31 of the styles. `--pictures` was given once for each folder under *pictures*, all
    from Debian's packages `mate-backgrounds` (*mate/...*) and `tuxpaint-stamps-default`
    (*stamps/...*). Many of the pictures are crops of a few photographs, and the intervals treat
    them as independent, so they are too narrow there.
    """
    rows = [
        [kind, name, found["n"], f"{found['foreign']:.1%}", _ends(found["interval"])]
        for kind, groups in read("familiarity")["groups"].items()
        for name, found in groups.items()
    ]
    return table(["", "pictures", "n", "considered foreign", "interval"], rows)


def portraits() -> str:
    """Accuracy of the judge on generated portraits. Its accuracy on real drawings is an upper
    bound. The [model card](../src/yuragi/assets/models/portraits/README.md) has details.
    """
    report = read("portraits")
    found, n = report["accuracy"], report["n"]
    columns = {"generated": "generated", "real": "real drawings", "round_trip": "their round trips"}
    rows = [
        [attribute.replace("_", " "), *(counted(found[kind][attribute], n) for kind in columns)]
        for attribute in found["generated"]
    ]
    return table(["attribute", *columns.values()], rows)


def speed() -> str:
    """Measured on two CPU cores; *diffusers* is the library's own loop with the same network."""
    head = ["run", "seconds", "evaluations", "time relative to the network's", "peak MiB"]
    keys = ("seconds", "evaluations", "overhead", "peak_mib")
    return table(
        head, [[name, *numbers(row, *keys)] for name, row in read("speed")["rows"].items()]
    )


def words() -> str:
    """The model denoises drawings under their true captions and under captions with one wrong
    label. *Told apart* is the share of drawings that it denoises better under the true one; 50 %
    is chance. *Rise* is how much larger the error is under the wrong one; at zero, the words have
    no effect, and no scale of guidance can make up for that.
    """
    rows = []
    for name, found in read("words")["attributes"].items():
        told = [f"{found['told_apart'][key]:.1%}" for key in ("value", "low", "high")]
        rise = [f"{found['rise'][key]:.2%}" for key in ("value", "low", "high")]
        cells = [cell for value, low, high in (told, rise) for cell in (value, f"[{low}, {high}]")]
        rows.append([name.replace("_", " "), *cells])
    return table(["attribute", "told apart", "interval", "rise", "interval"], rows)


def costs() -> str:
    """Two of the networks have random weights, because weights do not affect the cost."""
    rows = [
        [network, gain, *numbers(row, "evaluations", "relative", "peak_mib")]
        for network, found in read("guidance-cost")["networks"].items()
        for gain, row in found["gains"].items()
    ]
    return table(
        ["network", "gain", "evaluations per step", "time relative to plain", "peak MiB"], rows
    )


SECTIONS: dict[str, tuple[str, str, Callable[[], str]]] = {
    "Drags against SDE-Drag": ("drag", "yuragi bench drag --ablations", drags),
    "With noise or without": (
        "edits",
        "yuragi bench edits --each 6 --steps 10 --steps 25 --steps 100",
        edits,
    ),
    "What noise does to a wrong start": ("lab-kl", "yuragi lab kl", randomness),
    "Gains on exact problems": ("lab-reg", "yuragi lab reg", gains),
    "Guidance on the portrait model": (
        "sweep-portraits",
        "yuragi sweep portraits -n 512 --rules interval:0.28:2.9,cfg "
        "--gains plain,reg,ratio,scheduled --scales 3,1,1.5,5",
        guidance,
    ),
    "What a gain costs": ("guidance-cost", "yuragi bench guidance-cost", costs),
    "Bending photographs": ("elastic", "yuragi bench elastic", bends),
    "Cutting things out of photographs": ("cutouts", "yuragi bench cutouts", cutouts),
    "Closing holes without a model": ("fill", "yuragi bench fill", fills),
    "Does the score see damage": ("intent", "yuragi bench intent", intent),
    "Does a model know a picture": (
        "familiarity",
        "yuragi bench familiarity --pictures FOLDER",
        familiarity,
    ),
    "The portrait model": ("portraits", "yuragi bench portraits -n 512", portraits),
    "Which words the portrait model has learned": ("words", "yuragi bench words", words),
    "Speed": ("speed", "yuragi bench speed", speed),
}
"""The report of each section, the command that makes it, and the function for text and table."""


def page() -> str:
    """The page with the tables of the current reports."""
    parts = [HEAD, claims()]
    for title, (name, command, body) in SECTIONS.items():
        text = inspect.cleandoc(body.__doc__ or "")
        parts += [f"## {title}\n", f"{text}\n", f"    {command}\n"]
        parts += [f"{body()}\n", f"{_source(name)}\n"]
    parts += ["## All reports\n", f"{_list()}\n"]
    parts.append("[The service](service.md#measured) has results under load and with faults.\n")
    return with_chances("\n".join(parts))


def _ends(found: Iterable[float]) -> str:
    return "[" + ", ".join(f"{end:.1%}" for end in found) + "]"


def _source(name: str) -> str:
    report = read(name)
    seeds = f"seeds {seeds_of(report)}" if report["seeds"] else "without seeds"
    told = f"n = {_counted(name, report)}, {seeds}, commit {report['commit']}"
    return f"{told}: [{name}.json](../results/{name}.json).{elsewhere(report)}"


def _counted(name: str, report: Mapping[str, Any]) -> str:
    return f"{report['n']} {COUNTED.get(name, 'cases')}" if "n" in report else ""


def _list() -> str:
    rows = []
    for path in sorted(RESULTS.glob("*.json")):
        report = read(path.stem)
        told = [str(report.get(key, "")) for key in ("commit", "device")]
        kind, n = report.get("benchmark", ""), _counted(path.stem, report)
        rows.append([f"[{path.name}](../results/{path.name})", kind, n, *told, seeds_of(report)])
    return table(["report", "benchmark", "n", "commit", "device", "seeds"], rows)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
