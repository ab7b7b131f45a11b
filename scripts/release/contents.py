"""Check what a wheel and an sdist contain: everything that runs, the licences, and nothing else.

    python scripts/release/contents.py dist

It fails when a file of `src/yuragi` is missing, when a file is there that belongs to nobody, or
when the packages are larger than they have to be.
"""

from __future__ import annotations

import re
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src"
LICENCES = ("LICENSE", "NOTICE", "src/yuragi/studio/static/THIRD-PARTY.txt")
NEEDED = (
    "yuragi/assets/models/portraits/model_index.json",
    "yuragi/assets/models/portraits/README.md",
    "yuragi/assets/examples/portrait-4.png",
    "yuragi/studio/static/index.html",
    "yuragi/studio/static/THIRD-PARTY.txt",
    "yuragi/py.typed",
)
BESIDE = {"CHANGELOG.md", "CITATION.cff", "LICENSE", "NOTICE", "PKG-INFO", "README.md"}
BESIDE |= {".gitignore", "constraints.txt", "pyproject.toml"}
WEB = ("web/src/", "web/public/", *(f"web/{path.name}" for path in (ROOT / "web").glob("*.*")))
"""The sources of the studio's page."""
SHOWN = 20
LARGEST = 40 * 2**20
"""Bytes. The models in the package are most of it."""


def shipped() -> set[str]:
    """The files of the package in this checkout, as they are named in a wheel."""
    return {
        path.relative_to(SOURCES).as_posix()
        for path in (SOURCES / "yuragi").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def wheel_faults(path: Path) -> list[str]:
    """What is wrong with a wheel; nothing if it is right."""
    with zipfile.ZipFile(path) as file:
        names = {name for name in file.namelist() if not name.endswith("/")}
        about = next(name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(file.read(about).decode("utf-8"))
    folder = about.rpartition("/")[0]
    listed = set(metadata.get_all("License-File") or [])
    faults = [f"missing: {name}" for name in sorted({*shipped(), *NEEDED} - names)]
    faults += [
        f"does not belong: {name}"
        for name in sorted(names - shipped())
        if not name.startswith(f"{folder}/")
    ]
    faults += [
        f"licence is missing: {name}"
        for name in LICENCES
        if name not in listed or f"{folder}/licenses/{name}" not in names
    ]
    faults += [
        f"leads nowhere on the package index: {link}"
        for link in re.findall(r"\]\((?!https?://)([^)]*)\)", str(metadata.get_payload()))
    ]
    return faults


def sdist_faults(path: Path) -> list[str]:
    """What is wrong with an sdist; nothing if it is right."""
    with tarfile.open(path) as file:
        names = {
            str(PurePosixPath(*PurePosixPath(member.name).parts[1:]))
            for member in file.getmembers()
            if member.isfile()
        }
    wanted = {f"src/{name}" for name in shipped()} | set(LICENCES) | BESIDE - {".gitignore"}
    faults = [f"missing: {name}" for name in sorted(wanted - names)]
    faults += [
        f"does not belong: {name}"
        for name in sorted(names - wanted - BESIDE)
        if not name.startswith(WEB)
    ]
    return faults


def main(folder: str) -> int:
    """Check the only wheel and the only sdist of a folder; 1 if something is wrong."""
    (wheel,), (sdist,) = (sorted(Path(folder).glob(end)) for end in ("*.whl", "*.tar.gz"))
    status = 0
    for path, faults in ((wheel, wheel_faults(wheel)), (sdist, sdist_faults(sdist))):
        size = path.stat().st_size
        if size > LARGEST:
            faults.append(f"larger than {LARGEST / 2**20:.0f} MiB")
        print(f"{path.name}: {size / 2**20:.1f} MiB, {len(faults)} faults")
        for fault in faults[:SHOWN]:
            print(f"  {fault}")
        status = status or bool(faults)
    return int(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
