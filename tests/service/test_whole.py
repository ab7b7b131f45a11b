"""Files of pages are sent whole, whatever part of them is asked for."""

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from yuragi.service.whole import WholeFiles

TEXT = "all of it"


@pytest.fixture
def page(tmp_path):
    (tmp_path / "a.txt").write_text(TEXT)
    app = Starlette()
    app.mount("/", WholeFiles(directory=tmp_path))
    return TestClient(app)


@pytest.mark.parametrize("asked", ["bytes=0-3", "bytes=900-", "bytes=3-1", "bytes", "", "é"])
def test_a_range_is_ignored(page, asked):
    answer = page.get("/a.txt", headers={"range": asked.encode()})
    assert (answer.status_code, answer.text) == (200, TEXT)
