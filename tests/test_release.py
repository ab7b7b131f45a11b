"""What a release consists of: versions, licences, the changelog, and the checks of packages."""

import importlib.util
import re
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

import yuragi

ROOT = Path(__file__).parents[1]
RELEASE = ROOT / "scripts" / "release"
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def script_of(name):
    """A script of the release, as a module."""
    spec = importlib.util.spec_from_file_location(f"release_{name}", RELEASE / f"{name}.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def test_the_citation_names_this_version_and_both_papers():
    assert CITATION["version"] == yuragi.__version__
    assert CITATION["cff-version"] == "1.2.0"
    assert {"title", "message", "authors"} <= CITATION.keys()
    papers = {paper["identifiers"][0]["value"]: paper for paper in CITATION["references"]}
    assert papers.keys() == {"arXiv:2311.01410", "arXiv:2501.18865"}
    assert all(paper["authors"] and paper["year"] and paper["title"] for paper in papers.values())


def test_hints_name_the_distribution_and_an_extra_that_it_has():
    hint = str(yuragi.errors.missing_extra("signing", "c2pa"))
    assert f"pip install '{PROJECT['name']}[c2pa]'" in hint
    asked = re.findall(
        r'missing_extra\("[^"]*", "(\w+)"\)',
        "".join(path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py")),
    )
    assert len(asked) > 5
    assert set(asked) <= PROJECT["optional-dependencies"].keys()


def test_everything_optional_is_installed_for_development():
    (own,) = (
        each for each in PROJECT["optional-dependencies"]["dev"] if each.startswith(PROJECT["name"])
    )
    named = set(own.partition("[")[2].rstrip("]").split(","))
    assert named == PROJECT["optional-dependencies"].keys() - {"dev"}


def test_the_changelog_has_its_form():
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    versions = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert versions[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d", each) for each in versions[1:])
    kinds = re.findall(r"^### (.*)$", text, re.MULTILINE)
    assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


@pytest.mark.parametrize(
    "licence",
    ["MIT", "Apache-2.0 AND MIT", "GPL-2.0-only OR MIT", "(MPL-2.0) AND (ISC)", "CC-BY-4.0"],
)
def test_licences_that_everybody_can_keep_are_allowed(licence):
    assert script_of("licences").allowed(licence)


@pytest.mark.parametrize(
    "licence",
    ["GPL-3.0-only", "MIT AND AGPL-3.0-or-later", "CC-BY-NC-4.0", "Proprietary", "LicenseRef-x"],
)
def test_other_licences_are_refused(licence):
    assert not script_of("licences").allowed(licence)


def test_the_licence_of_a_component_is_its_most_exact_statement():
    stated = script_of("licences").stated
    classifier = {"license": {"name": "License :: OSI Approved :: BSD License"}}
    assert stated({"name": "a", "licenses": [classifier]}) == "(BSD-3-Clause)"
    both = {"name": "a", "licenses": [classifier, {"license": {"id": "MIT"}}]}
    assert stated(both) == "(MIT)"
    assert stated({"name": "a"}) is None


def test_faults_of_a_wheel_are_found(tmp_path):
    contents = script_of("contents")
    folder = "yuragi_diffusion-1.0.0.dist-info"
    files = dict.fromkeys(contents.shipped(), "")
    licences = "".join(f"License-File: {name}\n" for name in contents.LICENCES)
    files |= {f"{folder}/METADATA": f"Name: yuragi-diffusion\n{licences}\nRead [on](https://a.b)."}
    files |= {f"{folder}/licenses/{name}": "" for name in contents.LICENCES}

    def written(name, content):
        path = tmp_path / f"{name}.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            for entry, text in content.items():
                wheel.writestr(entry, text)
        return path

    assert contents.wheel_faults(written("whole", files)) == []
    page = "yuragi/studio/static/index.html"
    broken = files | {"tests/test_x.py": ""}
    del broken[page], broken[f"{folder}/licenses/NOTICE"]
    broken[f"{folder}/METADATA"] += " See [the page](docs/page.md)."
    assert contents.wheel_faults(written("broken", broken)) == [
        f"missing: {page}",
        "does not belong: tests/test_x.py",
        "licence is missing: NOTICE",
        "leads nowhere on the package index: docs/page.md",
    ]
