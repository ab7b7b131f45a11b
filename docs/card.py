"""Write the numbers of the portrait model's card, from results/portraits.json.

    python docs/card.py

`tests/test_docs.py` fails when the committed card is not what this script writes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reports import counted, read

from yuragi.research.bench.tables import measured, table, with_interval

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "src" / "yuragi" / "assets" / "models" / "portraits" / "README.md"
GOALS = {
    **dict.fromkeys(("hair_colour", "skin", "clothes_colour", "background", "hair_style"), 0.97),
    **dict.fromkeys(("hair_length", "clothes", "beard"), 0.9),
    **dict.fromkeys(("mouth", "eyes"), 0.5),
}
"""Goals for the accuracy, as a share of that on drawings; with a GPU, 0.8 for mouth and eyes."""
PSNR, DISTANCE = 34.0, 100.0
"""Goals for the PSNR of the autoencoder in dB, and for FD-EffLite0 without a GPU."""


def page() -> str:
    """The card with the numbers of the current report."""
    found = read("portraits")
    return measured(PAGE.read_text("utf-8"), _whole(found), _attributes(found))


def _whole(found: dict[str, Any]) -> str:
    mean = found["mean_accuracy"]
    rows = [
        [
            "autoencoder, PSNR of 8-bit round trips",
            f"at least {PSNR:g} dB",
            f"{found['psnr']:.1f} dB",
        ],
        ["FD-EffLite0 to drawings", f"at most {DISTANCE:g}", with_interval(found["fd"])],
        ["FD-EffLite0 between two sets of drawings", "", with_interval(found["floor"])],
        ["mean accuracy of the attributes without eyebrows", "", f"{mean['generated']:.1%}"],
        ["the same accuracy on drawings", "", f"{mean['real']:.1%}"],
    ]
    return (
        f"n = {found['n']} portraits of the benchmark split, which is not used for training, at "
        f"the default\nsettings; seed {found['seeds'][0]}, commit {found['commit']}, "
        "`results/portraits.json`:\n\n" + table(["", "goal", "measured"], rows) + "\n"
    )


def _attributes(found: dict[str, Any]) -> str:
    seen = found["accuracy"]
    rows = []
    for name, share in found["of_real"].items():
        shares = [
            counted(seen[kind][name], found["n"]) for kind in ("generated", "real", "round_trip")
        ]
        goal = f"{GOALS[name]:g}" if name in GOALS else ""
        rows.append([name.replace("_", " "), *shares, f"{share:.2f}", goal])
    head = ["attribute", "generated", "real drawings", "their round trips", "share of real", "goal"]
    return table(head, rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
