"""Run what makes the pictures and numbers of the pages: blocks marked `sh run` or `python run`."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"^```(sh|python) run\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRAMS = {"sh": ("sh", "-e", "-c"), "python": ("python", "-c")}


def main(pages: list[str]) -> None:
    """Run every marked block of the pages; by default of all pages. Stops at the first failure."""
    found = [Path(page) for page in pages] or sorted((ROOT / "docs").rglob("*.md"))
    for page in found:
        for kind, block in BLOCK.findall(page.read_text("utf-8")):
            print(page, flush=True)
            subprocess.run([*PROGRAMS[kind], block], cwd=ROOT, check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
