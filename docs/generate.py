"""Write every generated page, table and picture of the documentation again.

    python docs/generate.py

`tests/test_docs.py` fails when a committed page is not what its script writes.
"""

from __future__ import annotations

import runpy
from pathlib import Path

SCRIPTS = (
    *("options", "benchmarks", "sweeps", "guidance", "edits", "guidance_theory", "capacity"),
    *("measured", "card", "figures"),
)


if __name__ == "__main__":
    for name in SCRIPTS:
        runpy.run_path(str(Path(__file__).with_name(f"{name}.py")), run_name="__main__")
