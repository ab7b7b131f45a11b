"""The documentation: its generated page is up to date, and its links lead to files."""

import importlib.util
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [
    *(ROOT / name for name in ("README.md", "README.ja.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted(DOCS.rglob("*.md")),
]
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)


def links(page):
    """The relative links of a page, as (path, anchor)."""
    for target in LINK.findall(CODE.sub("", page.read_text("utf-8"))):
        if not re.match(r"[a-z]+:", target):
            path, _, anchor = target.partition("#")
            yield path, anchor


def anchors(page):
    """The anchors that GitHub gives to the headings of a page."""
    for heading in re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def script_of(name):
    """A script of the documentation, as a module, which can import the one that scripts share."""
    spec = importlib.util.spec_from_file_location(f"docs_{name}", DOCS / f"{name}.py")
    script = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(DOCS)
        spec.loader.exec_module(script)
    return script


@pytest.mark.parametrize(
    "name",
    [
        "options",
        "sweeps",
        "guidance",
        "benchmarks",
        "edits",
        "guidance_theory",
        "capacity",
        "card",
        "pilot",
        "pilot_ja",
    ],
)
def test_a_generated_page_is_what_its_script_writes(name):
    script = script_of(name)
    committed = script.PAGE.read_text("utf-8")
    assert committed == script.page(), f"run `python docs/{name}.py` and commit the page"


MEASURED = script_of("measured")


@pytest.mark.parametrize("name", MEASURED.PAGES)
def test_tables_of_measurements_are_what_their_script_writes(name):
    path = DOCS / name
    written = MEASURED.tabled(path, MEASURED.PAGES[name])
    assert path.read_text("utf-8") == written, "run `python docs/measured.py` and commit the page"


def test_one_command_runs_every_script_that_writes_a_page():
    found = {path.stem for path in script_of("generate").scripts()}
    assert {"options", "benchmarks", "measured", "card", "capacity", "figures"} <= found
    assert found & {"generate", "run_commands", "website", "reports", "claims"} == set()


@pytest.mark.parametrize(
    ("low", "high", "above", "below"),
    [
        (0.1, 0.3, "found", "opposite"),
        (-0.3, -0.1, "opposite", "found"),
        (-0.1, 0.1, "not found", "not found"),
        (0.0, 0.2, "not found", "not found"),
    ],
)
def test_a_claim_is_found_where_its_interval_is_on_its_side_of_zero(low, high, above, below):
    claims = script_of("claims")
    found = {"value": (low + high) / 2, "low": low, "high": high}
    assert claims._verdict(found, 1) == above
    assert claims._verdict(found, -1) == below


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file_and_a_heading(page):
    for path, anchor in links(page):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name} links to {path}"
        if anchor:
            assert anchor in anchors(target), f"{page.name} links to {path}#{anchor}"


def test_the_index_lists_every_page():
    index = DOCS / "README.md"
    listed = {(DOCS / path).resolve() for path, _ in links(index)}
    assert {*DOCS.rglob("*.md")} - {index} <= listed


def test_the_navigation_of_the_site_has_every_page_and_no_other():
    assert script_of("website").misplaced() == []


def test_a_page_that_the_navigation_lacks_is_found(monkeypatch):
    website = script_of("website")
    here = website.sources()
    monkeypatch.setattr(website, "sources", lambda: [*here[1:], ROOT / "docs" / "new.md"])
    assert website.misplaced() == [
        "not in the navigation: docs/new.md",
        f"in the navigation, but missing: {here[0].name}",
    ]


def test_broken_links_of_a_built_site_are_found(tmp_path, monkeypatch):
    website = script_of("website")
    monkeypatch.setattr(website, "SITE", tmp_path)
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "index.html").write_text('<h1 id="here">Here</h1>')
    (tmp_path / "index.html").write_text(
        '<a href="below/#here">1</a> <a href="below/#there">2</a> <a href="https://example.org/x">3</a>'
        '<img src="below/missing.png"> <a href="#nowhere">4</a>'
    )
    assert website.broken() == [
        "index.html: #nowhere",
        "index.html: below/#there",
        "index.html: below/missing.png",
    ]


def test_japanese_pages_of_a_built_site_are_declared_japanese(tmp_path, monkeypatch):
    website = script_of("website")
    monkeypatch.setattr(website, "SITE", tmp_path)
    page = '<!doctype html><html lang="en" class="no-js"><p lang="en">text</p></html>'
    names = ("README.ja/index.html", "docs/ja/studio/index.html", "docs/studio/index.html")
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(page)
    assert website.declare_japanese() == []
    japanese = page.replace('en" class', 'ja" class')
    assert [(tmp_path / name).read_text() for name in names] == [japanese, japanese, page]
    (tmp_path / names[1]).write_text("<html><p>text</p></html>")
    assert website.declare_japanese() == ["no language: docs/ja/studio/index.html"]


COMMAND = re.compile(r"^```[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
JAPANESE = [
    (ROOT / "README.ja.md", ROOT / "README.md"),
    *((page, DOCS / page.name) for page in sorted((DOCS / "ja").glob("*.md"))),
]


def commands(text):
    """The lines of the code blocks of a page, without comments, which are translated."""
    lines = (line for block in COMMAND.findall(text) for line in block.splitlines())
    return {re.sub(r"(^|\s+)# .*", "", line).strip() for line in lines}


def numbers(text):
    """The numbers of a page, without those of its links."""
    return set(NUMBER.findall(re.sub(r"\]\([^)]*\)", "", text)))


@pytest.mark.parametrize(
    ("page", "english"),
    JAPANESE,
    ids=lambda page: page.name,
)
def test_a_japanese_page_has_no_number_or_command_that_its_english_page_lacks(page, english):
    text, original = (each.read_text("utf-8") for each in (page, english))
    assert numbers(text) <= numbers(original)
    assert commands(text) <= commands(original)
    terms = re.findall(r"`([^`\n]+)`", COMMAND.sub("", text))
    assert [term for term in terms if term not in original] == []


def flat(numbers):
    """The numbers of the figures by (group, name)."""
    return {(group, name): value for group, row in numbers.items() for name, value in row.items()}


def test_the_page_of_the_theory_says_the_numbers_of_its_figures():
    text = (DOCS / "theory.md").read_text("utf-8")
    committed = json.loads((DOCS / "img" / "theory" / "numbers.json").read_text("utf-8"))
    for name, value in flat(committed).items():
        assert re.search(rf"(?<![\d.]){value:g}(?!\d)", text), name


@pytest.mark.slow
def test_the_figures_of_the_theory_give_the_same_numbers():
    committed = json.loads((DOCS / "img" / "theory" / "numbers.json").read_text("utf-8"))
    found = flat(script_of("figures").numbers())
    # Shares of samples at the border of two modes may round differently on other processors.
    assert found == pytest.approx(flat(committed), rel=0.02)
