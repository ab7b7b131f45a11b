"""Write every generated page, table and picture of the documentation again.

    python docs/generate.py

`tests/test_docs.py` fails when a committed page is not what its script writes.
"""

from __future__ import annotations

import runpy
from pathlib import Path

OTHERS = ("generate", "run_commands", "website")
"""Scripts in this folder that write no committed page from reports or from the code."""


def scripts() -> list[Path]:
    """The scripts that write pages; what they share is in modules that are no scripts."""
    found = sorted(Path(__file__).parent.glob("*.py"))
    return [
        path
        for path in found
        if path.stem not in OTHERS and 'if __name__ == "__main__":' in path.read_text("utf-8")
    ]


if __name__ == "__main__":
    for script in scripts():
        runpy.run_path(str(script), run_name="__main__")
