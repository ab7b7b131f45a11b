"""Build the documentation as a site in out/site, from zensical.toml.

    python docs/website.py

The pages are copied to out/pages as they are arranged in the repository, together with the files
that they link to, and pages of the Python reference are added. The build fails if a page is missing
from the navigation, a link is broken, or the reference names an object that does not exist.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parents[1]
PAGES, SITE = ROOT / "out" / "pages", ROOT / "out" / "site"
BESIDE = (
    "README.md", "README.ja.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md",
    "integrations/comfyui/README.md", "results/drag.md", "results/edits.md",
    "src/yuragi/assets/models/portraits/README.md",
)  # fmt: skip
"""Pages outside docs/."""
LINK = re.compile(r"\]\(([^)\s#]+)")
CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
MARKED = re.compile(r"^(```\w+) run$", re.MULTILINE)
LANGUAGE = re.compile(r'(<html\b[^>]*?\blang=)"?[\w-]+"?')
FRONT = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
"""The metadata at the head of a model card, which the hub reads."""

EDITS = ("sample", "inpaint", "sdedit", "translate", "diffedit", "invert", "drag")
REFERENCE = {
    "yuragi": ("The Python API", ["yuragi.model", "yuragi.tasks.result"]),
    "tasks": (
        "Requests",
        [f"yuragi.tasks.{name}" for name in (*EDITS, "guidance", "run", "replay")],
    ),
    "core": ("Core concepts", ["yuragi.core"]),
    "solver": ("Solvers", ["yuragi.solver"]),
    "guidance": ("Guidance", ["yuragi.guidance"]),
    "sample": ("The sampling loop and inversion", ["yuragi.sample", "yuragi.invert"]),
    "edit": ("Edits", ["yuragi.edit"]),
    "drag": ("Drags", ["yuragi.drag"]),
    "diffusers": ("In pipelines of diffusers", ["yuragi.diffusers"]),
    "batch": (
        "Batches",
        ["yuragi.batch", "yuragi.batch.run", "yuragi.batch.settings", "yuragi.batch.engines"],
    ),
    "client": ("The client of the service", ["yuragi.client"]),
    "models": (
        "Families of models",
        [f"yuragi.models.{name}" for name in ("families", "families.sd")],
    ),
    "registry": ("Registries and errors", ["yuragi.registry", "yuragi.errors"]),
    "measure": (
        "Measures, which are not public",
        [
            *(f"yuragi.research.measure.{name}" for name in ("folder", "sets", "pairs", "shards")),
            *(f"yuragi.research.metrics.{name}" for name in ("backends", "figure", "moments")),
        ],
    ),
}
"""Pages of the Python reference: their titles and modules."""


def sources() -> list[Path]:
    """The pages in the repository."""
    return [*(ROOT / name for name in BESIDE), *sorted((ROOT / "docs").rglob("*.md"))]


def lay_out() -> None:
    """Write the pages, the files that they link to, and the reference to out/pages."""
    shutil.rmtree(PAGES, ignore_errors=True)
    for page in sources():
        text = page.read_text("utf-8")
        _write(page.relative_to(ROOT), MARKED.sub(r"\1", FRONT.sub("", text)))
        for target in LINK.findall(CODE.sub("", text)):
            linked = (page.parent / unquote(target)).resolve()
            if linked.is_file() and linked.suffix != ".md" and linked.is_relative_to(ROOT):
                copy = PAGES / linked.relative_to(ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(linked, copy)
    for name, (title, modules) in REFERENCE.items():
        body = "".join(f"\n::: {module}\n" for module in modules)
        _write(Path("docs", "reference", f"{name}.md"), f"# {title}\n{body}")


def _write(name: Path, text: str) -> None:
    to = PAGES / name
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(text, "utf-8")


def misplaced() -> list[str]:
    """Pages that are missing from the navigation, and pages in it that do not exist."""
    settings = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))
    named = set(navigation(settings["project"]["nav"]))
    pages = {page.relative_to(ROOT).as_posix() for page in sources()}
    pages |= {f"docs/reference/{name}.md" for name in REFERENCE}
    return [f"not in the navigation: {name}" for name in sorted(pages - named)] + [
        f"in the navigation, but missing: {name}" for name in sorted(named - pages)
    ]


def navigation(entries: list[Any]) -> Iterator[str]:
    """The pages that a navigation names."""
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        else:
            for below in entry.values():
                yield from navigation(below if isinstance(below, list) else [below])


class _Page(HTMLParser):
    """The links of a built page, and the places in it that links can lead to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.places.add(value)
            elif name in ("href", "src") and value and tag != "base":
                self.links.append(value)


def broken() -> list[str]:
    """Links of the built site that lead to no file, or to no place in their page."""
    pages = {path: _Page(path) for path in SITE.rglob("*.html") if path.name != "404.html"}
    faults = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            place = unquote(parts.fragment)
            places = pages[target].places if target in pages else {place}
            if not target.is_file() or (place and place not in places):
                faults.append(f"{path.relative_to(SITE)}: {link}")
    return sorted(set(faults))


def declare_japanese() -> list[str]:
    """Declare the Japanese pages of the built site Japanese; their names where that fails.

    Zensical knows one language for the whole site. Screen readers choose the voice by this
    attribute, and browsers the font and whether to offer a translation.
    """
    faults = []
    for page in [
        SITE / "README.ja" / "index.html",
        *sorted((SITE / "docs" / "ja").rglob("*.html")),
    ]:
        text, found = LANGUAGE.subn(r'\1"ja"', page.read_text("utf-8"), count=1)
        page.write_text(text, "utf-8")
        if not found:
            faults.append(f"no language: {page.relative_to(SITE)}")
    return faults


def main() -> int:
    """Build the site; print what is wrong, and return 1 if anything is."""
    faults = misplaced()
    if not faults:
        lay_out()
        zensical = Path(sys.executable).with_name("zensical")
        if subprocess.run([zensical, "build", "--strict", "--clean"], cwd=ROOT).returncode:
            return 1
        faults = declare_japanese() + [f"broken link: {fault}" for fault in broken()]
    print(*faults or [f"The site is in {SITE}"], sep="\n")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
