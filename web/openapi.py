"""Write the description of the API and the schemas of all requests, from which the page is typed.

    python web/openapi.py

A test compares the committed files with what this script makes (tests/service/studio).
"""

import json
from pathlib import Path
from types import SimpleNamespace

from yuragi.service.app import make_app
from yuragi.service.requests import schema_of
from yuragi.service.settings import Serving
from yuragi.tasks.tasks import TASKS

HERE = Path(__file__).parent / "src" / "api"


def made() -> dict[str, str]:
    """The files by name."""
    parts = SimpleNamespace(settings=Serving(), database=None, watch=None)
    described = make_app(parts).openapi()
    described["info"]["version"] = "1"  # a new version of the package alone changes nothing
    schemas = {name: schema_of(kind) for name, kind in TASKS.items()}
    files = {"openapi.json": described, "schemas.json": schemas}
    return {name: json.dumps(told, indent=1, sort_keys=True) + "\n" for name, told in files.items()}


if __name__ == "__main__":
    for name, text in made().items():
        (HERE / name).write_text(text, "utf-8")
