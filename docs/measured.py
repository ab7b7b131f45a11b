"""Write the tables of measurements within the pages of the guide, from the reports in results/.

    python docs/measured.py

`tests/test_docs.py` fails when the committed tables are not what this script writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from reports import numbers, read, tabled

from yuragi.research.bench.service.faults.promises import PROMISES
from yuragi.research.bench.tables import interval, number, table, with_interval

Report: TypeAlias = Mapping[str, Any]
DOCS = Path(__file__).parent


def pages() -> dict[Path, str]:
    """The pages with the tables of the current reports."""
    return {DOCS / name: tabled(DOCS / name, writers) for name, writers in PAGES.items()}


def _load(report: Report) -> str:
    told, memory = report["submission"], report["memory"]
    rows = [
        ["submission: median", f"{number(told['p50_ms'])} ms"],
        ["submission: 99th percentile", f"{number(told['p99_ms'])} ms"],
        ["submission: longest", f"{number(told['max_ms'])} ms"],
        ["submissions per second", number(told["per_second"])],
        ["errors", told["errors"]],
    ]
    for name, found in memory.items():
        ends = [number(found[f"{end}_quarter_mib"]) for end in ("first", "last")]
        rows.append([f"memory of the {name}, first and last quarter", " and ".join(ends) + " MiB"])
    for name, found in report["throughput"].items():
        pictures = name.partition(" ")[2]
        shown = f"{found['relative']:.2f} ({number(found['between_ms'])} ms between jobs)"
        rows.append(
            [f"speed of one worker relative to a loop, pictures per job: {pictures}", shown]
        )
    return (
        f"{report['n']} jobs from {report['clients']} simultaneous clients, on one machine with "
        f"{report['cores']} cores\n({report['device']}, {report['database']}, commit "
        f"{report['commit']}) that was also used by other programs\n(load average before the "
        f"test: {report['load_before']:.1f}):\n\n" + table(["", ""], rows) + "\n"
    )


def _faults(report: Report) -> str:
    heads = ["scenario", "database", "jobs", "faults", "done", "cancelled", "starts", *PROMISES]
    rows = [[row[head] for head in heads] for row in report["rows"]]
    return (
        f"Injected faults (up to {report['n']} jobs per scenario, commit {report['commit']}). The "
        f"columns from\n`{PROMISES[0]}` on count broken promises:\n\n" + table(heads, rows) + "\n"
    )


DRAGS = {
    "nothing": "nothing",
    "paste": "paste, no diffusion",
    "ode": "ODE-Drag",
    "paper": "SDE-Drag",
    "paper, LoRA": "SDE-Drag, LoRA",
    "ours": "**warp**",
}


def _drags(report: Report) -> str:
    keys = ("arrival", "registered", "psnr", "lpips", "background", "ghost", "identity")
    rows = [
        [shown, report["rows"][name]["n"], *numbers(report["rows"][name], *keys, "evaluations")]
        for name, shown in DRAGS.items()
    ]
    rows.append(["(the truth)", report["truth"]["n"], *numbers(report["truth"], *keys), ""])
    heads = ["", "n", "arrival", "registered", "PSNR", "HED-LPIPS", *keys[4:], "evaluations"]
    apart = [
        [shown, report["rows"][name]["n"], *(interval(paired[key]) for key in keys[:5])]
        for name, shown in DRAGS.items()
        if (paired := report["against_ours"].get(name))
    ]
    return (
        f"{table(heads, rows)}\n\nThe warp minus each other row, paired over the cases that both "
        f"have:\n\n{table(['warp minus', 'n', *heads[2:7]], apart)}\n"
    )


NOW = {
    "psnr": "PSNR in dB",
    "registered": "registered, pixels",
    "ghost": "ghost",
    "evaluations": "evaluations",
    "seconds": "seconds, busy machine",
}


def _drags_now(report: Report) -> str:
    rows, paired = report["rows"], report["against_ours"]["no network"]
    told = [
        [
            shown,
            *numbers(rows["ours"], key),
            *numbers(rows["no network"], key),
            interval(paired[key]) if key in paired else "",
        ]
        for key, shown in NOW.items()
    ]
    return (
        f"{table(['', 'warp', 'without the network', 'difference'], told)}\n\n"
        f"n = {report['n']}, seed {report['seeds'][0]}, commit {report['commit']}.\n"
    )


ABLATED = {
    "ours, boxes": "SDE-Drag's boxes are moved instead of the object",
    "ours, translation": "translation only, no rotation or scale",
    "ours, whole cells": "points move by whole cells",
    "ours, warp alone": "nothing imagined",
    "ours, all imagined": "everything uncovered imagined, without the doubt",
    "ours, ODE": "imagined without noise",
    "ours, adaptive": "noise where the mismatch requires it",
    "ours, best of 8": "first-ranked of 8 candidates",
}


def _ablations(report: Report) -> str:
    rows, keys = [], ("ghost", "evaluations")
    for name, shown in ABLATED.items():
        row = report["rows"][name]
        paired = _reversed(report["against_ours"][name]["psnr"])
        cells = numbers(row, "arrival", "registered", "psnr")
        rows.append([shown, row["n"], *cells, interval(paired), *numbers(row, *keys)])
    heads = ["", "n", "arrival", "registered", "PSNR", "PSNR minus that of warp", *keys]
    return table(heads, rows) + "\n"


def _reversed(found: Mapping[str, float]) -> dict[str, float]:
    """The difference with its sign changed."""
    return {"value": -found["value"], "low": -found["high"], "high": -found["low"]}


RANKED = {
    "nothing": "doing nothing",
    "copy": "a copy that stays at the source too",
    "ghost": "a ghost: half of the old picture shines through",
    "boxes": "SDE-Drag's boxes, copied",
    "boxes, blocks": "the same with blocks of colour at the source",
    "blocks": "blocks of colour behind what moved",
    "torn": "a cut along wrong edges",
    "ours": "`warp` without a network",
}


def _ranked(report: Report) -> str:
    rows = []
    for name, shown in RANKED.items():
        found = report["truth_above"][name]
        ends = f"{found['low']:.1%} to {found['high']:.1%}"
        rows.append([shown, f"{found['share']:.1%}", ends, found["n"]])
    return table(["the true result is ranked above", "share", "95 %", "n"], rows) + "\n"


RUNS = {
    "diffusers": "diffusers, 20 DDIM steps with guidance",
    "sample": "the same in Yuragi",
    "diffusers x8": "diffusers, 8 pictures",
    "sample x8": "the same in Yuragi",
    "drag fast": "a drag, `fast`",
    "drag warp": "a drag, `warp`",
    "drag warp x8": "8 candidates by `warp`, all that is uncovered drawn, ranked",
    "lora": "fitting a LoRA to a picture, 100 steps",
    "preview": "preview at 512 x 512",
}


def _speed(report: Report) -> str:
    rows = []
    for name, shown in RUNS.items():
        row = report["rows"][name]
        # A LoRA trains the network, so its time is not that of evaluations.
        over = None if name == "lora" else row.get("overhead")
        overhead = "" if over is None else f"{over - 1:.1%}"
        seconds = f"{row['seconds']:.2f} (first {row['first_seconds']:.2f})"
        rows.append([shown, row["evaluations"], seconds, overhead, f"{row['peak_mib']:.0f} MiB"])
    return table(["", "evaluations", "seconds", "overhead", "peak memory"], rows) + "\n"


def _flows(report: Report) -> str:
    rows = []
    for row in report["rows"]:
        mean = row["mean"]
        apart = None if row["flow"] == "ours" else row["ours_minus"]["error"]
        torn = [f"{mean[kind]:.2%}" for kind in ("folds", "tears")]
        error, psnr = numbers(mean, "error", "psnr")
        miss = f"{mean['arrival']:.2f}"
        rows.append([row["flow"], error, interval(apart), miss, psnr, *torn])
    heads = ["flow", "error, pixels", "ours minus this", "miss of the points", "PSNR, dB"]
    return table([*heads, "folds", "tears"], rows) + "\n"


FILLS = {
    "averages": "averages (push-pull)",
    "biharmonic": "biharmonic, whole hole",
    "ours": "**ours**, biharmonic from coarse to fine",
}


def _fills(report: Report) -> str:
    drawn = {
        (ground, row["fill"]): row["mean"]["psnr"]
        for ground, rows in report["drawn"].items()
        for row in rows
    }
    rows = []
    for row in report["rows"]:
        name = row["fill"]
        shown = FILLS.get(name, name) + ("" if row["n"] == report["n"] else f" (n = {row['n']})")
        apart = {} if name == "averages" else row["minus_averages"]
        cells: list[str] = []
        for key in ("psnr", "lpips"):
            cells += [*numbers(row["mean"], key), interval(apart.get(key))]
        seconds = number(row["mean"]["seconds"])
        grounds = [number(drawn.get((ground, name))) for ground in report["drawn"]]
        rows.append([shown, *cells, seconds, *grounds])
    heads = ["fill", "PSNR, dB", "difference", "HED-LPIPS", "difference", "seconds"]
    return table([*heads, *report["drawn"]], rows) + "\n"


GIVEN = {
    "points": {"ours": "ours (bend)"},
    "mask": {"bent": "ours, bend", "ours": "ours, `--motion cut`"},
    "region": {},
}
NAMED = {"points": "points", "mask": "points, mask", "region": "lasso"}


def _things(report: Report) -> str:
    rows = []
    for given, found in report["given"].items():
        for name, row in found["rows"].items():
            if name == "no network":  # the same as ours
                continue
            shown = GIVEN[given].get(name, {"paste": "boxes copied"}.get(name, name))
            psnr, *others = numbers(row, "psnr", "registered", "lpips", "seams")
            apart = found["ours_minus"].get(name, {}).get("psnr")
            rows.append([NAMED[given], shown, psnr, interval(apart), *others])
    heads = ["given", "method", "PSNR, dB", "ours minus this", "registered, pixels"]
    return table([*heads, "HED-LPIPS", "seams"], rows) + "\n"


BEHIND = {
    "paste": "boxes copied in the latent",
    "ode": "ODE-Drag, `paper`",
    "paper": "SDE-Drag, `paper`",
    "ours": "**ours**",
}


def _behind(patterns: Report) -> str:
    rows = []
    for over, report in (("patterns", patterns), ("photographs", read("drag-photograph"))):
        for name, row in report["rows"].items():
            if name == "no network":  # the same as ours
                continue
            psnr, *others = numbers(row, "psnr", "registered", "lpips", "seams")
            apart = report["against_ours"].get(name, {}).get("psnr")
            rows.append([over, BEHIND.get(name, name), row["n"], psnr, interval(apart), *others])
    heads = ["over", "method", "n", "PSNR, dB", "ours minus this", "registered, pixels"]
    return table([*heads, "HED-LPIPS", "seams"], rows) + "\n"


def _costs(report: Report) -> str:
    networks = report["networks"]
    heads = [
        f"{name} ({found['parameters'] / 1e6:.0f} million)" for name, found in networks.items()
    ]
    rows = []
    for gain in next(iter(networks.values()))["gains"]:
        found = [network["gains"][gain] for network in networks.values()]
        memory = " / ".join(f"{each['peak_mib']:.0f}" for each in found)
        needs = f"{memory} MiB" if any(each["peak_mib"] for each in found) else "none"
        rows.append([gain, *(f"{each['relative']:.2f}" for each in found), needs])
    return table(["gain", *heads, "memory for gradients"], rows) + "\n"


def _photos(report: Report) -> str:
    steps = sorted({row["steps"] for row in report["rows"]})
    encoders = ("ODE inversion", "Cycle-SDE", "edit-friendly")
    found = {(row["encoder"], row["steps"]): row for row in report["rows"]}
    rows = []
    for count in steps:
        cells = []
        for encoder in encoders:
            psnr = found[encoder, count]["psnr"].values()
            spread = f"{found[encoder, count]['mean']:.1f} ({min(psnr):.1f} to {max(psnr):.1f})"
            cells.append("equal" if min(psnr) >= 60 else spread)
        rows.append([count, *cells])
    return table(["steps", *encoders], rows) + "\n"


def _few_steps(report: Report) -> str:
    steps = list(next(iter(report["distance"].values())))
    rows = [
        [name, *(with_interval(found[count]) for count in steps)]
        for name, found in report["distance"].items()
    ]
    apart = [
        [f"dpm++2m - {name}", *(interval(found[count]) for count in steps)]
        for name, found in report["minus"].items()
    ]
    return f"{_origin(report)}\n{table(['steps', *steps], [*rows, *apart])}\n"


def _round_trips(report: Report) -> str:
    trips = list(next(iter(report["round_trip"].values())))
    rows = [
        [trip, *(with_interval(found[trip]) for found in report["round_trip"].values())]
        for trip in trips
    ]
    return table(["steps, t0", *report["round_trip"]], rows) + "\n"


def _origin(report: Report) -> str:
    return (
        f"n = {report['n']} portraits, seed {report['seeds'][0]}, commit {report['commit']}, "
        f"weights {report['weights'][:12]}:\n"
    )


PAGES: Mapping[str, Mapping[str, Callable[[Report], str]]] = {
    "service.md": {"load": _load, "faults": _faults},
    "drag.md": {
        "drag means": _drags,
        "drag-now": _drags_now,
        "intent": _ranked,
        "speed": _speed,
    },
    "drag-method.md": {"drag ablations": _ablations},
    "photographs.md": {
        "elastic": _flows,
        "fill": _fills,
        "cutouts": _things,
        "drag-pattern": _behind,
    },
    "guidance.md": {"guidance-cost": _costs},
    "edits/invert.md": {"photos": _photos},
    "solvers.md": {"solvers distance": _few_steps, "solvers round-trip": _round_trips},
}
"""See `reports.tabled`."""


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, "utf-8")
