"""The page of the studio, and the description of the API from which it is typed."""

import importlib.util
import re
from pathlib import Path

import pytest

from yuragi.service.studio.page import STATIC

WEB = Path(__file__).parents[3] / "web"


def script(name):
    spec = importlib.util.spec_from_file_location(f"web_{name}", WEB / f"{name}.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_page_and_its_files(http):
    page = http.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-cache"
    named = re.findall(r'(?:src|href)="\./([^"]+)"', page.text)
    assert any(each.endswith(".js") for each in named)
    for each in named:
        answer = http.get(f"/{each}")
        assert answer.status_code == 200, each
        if each.startswith("assets/"):
            assert "immutable" in answer.headers["cache-control"]


def test_the_page_may_load_nothing_from_elsewhere(http):
    policy = http.get("/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-eval" not in policy
    text = (STATIC / "index.html").read_text("utf-8")
    assert not re.search(r"https?://", text)
    assert "<script>" not in text, "the policy refuses scripts within the page"


@pytest.mark.parametrize("path", ["/no-such-file", "/assets/../../app.py", "/api/v1/nothing"])
def test_other_paths_are_missing(http, path):
    answer = http.get(path)
    assert answer.status_code == 404
    assert answer.json()["message"]


def test_the_committed_description_of_the_api_is_that_of_the_service():
    for name, text in script("openapi").made().items():
        committed = (WEB / "src" / "api" / name).read_text("utf-8")
        assert committed == text, "run `python web/openapi.py` and `npm run types` in web/"


def test_the_flows_that_the_page_is_tested_with_are_those_of_the_library():
    import json

    import numpy as np

    made, kept = (
        json.loads(text)
        for text in (script("flows").made(), (WEB / "src/drag/flows.json").read_text("utf-8"))
    )
    assert [each["name"] for each in made["cases"]] == [each["name"] for each in kept["cases"]]
    for one, other in zip(made["cases"], kept["cases"], strict=True):
        np.testing.assert_allclose(one["found"], other["found"], atol=1e-6)
