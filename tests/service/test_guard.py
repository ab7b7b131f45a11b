"""What stands before every route."""

import pytest
from starlette.testclient import TestClient

from yuragi.service.app import make_app
from yuragi.service.held import held
from yuragi.service.settings import Serving

URL = "http://127.0.0.1:8420"


@pytest.fixture
def client(registered):
    """A client of a service with other settings."""

    def make(**settings):
        app = make_app(held(Serving(**settings)))
        return TestClient(app, base_url=URL, raise_server_exceptions=False)

    return make


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:9000", "[::1]:8420", "LOCALHOST"])
def test_own_names(http, host):
    assert http.get("/api/v1/queue", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::2]"])
def test_a_name_of_another_site_that_leads_here(http, host):
    assert http.get("/api/v1/queue", headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "file://127.0.0.1:8420"]
)
def test_pages_of_other_sites(http, origin):
    answer = http.post("/api/v1/queue/pause", headers={"origin": origin})
    assert answer.status_code == 403
    assert not http.get("/api/v1/queue").json()["paused"]
    assert http.post("/api/v1/queue/pause", headers={"origin": URL}).status_code == 200


def test_a_token(client):
    with client(token="secret") as http:
        for given in (None, "secret", "Bearer", "Bearer wrong", "Basic secret", "Bearer sécret"):
            headers = {} if given is None else {"authorization": given.encode()}
            answer = http.get("/api/v1/queue", headers=headers)
            assert answer.status_code == 401, given
            assert answer.headers["www-authenticate"] == "Bearer"
        headers = {"authorization": "Bearer secret"}
        assert http.get("/api/v1/queue", headers=headers).status_code == 200
        assert http.get("/api/v1/nowhere").status_code == 401  # it does not say what there is
        assert http.get("/readyz").status_code == 200


def test_long_bodies(client):
    with client(max_bytes=2000) as http:
        assert http.post("/api/v1/assets", content=b"x" * 2001).status_code == 413
        parts = (b"x" * 500 for _ in range(10))  # without a length that is said before
        assert http.post("/api/v1/assets", content=parts).status_code == 413
        assert http.post("/api/v1/assets", content=b"x" * 2000).status_code == 422
        headers = {"content-length": "-1"}
        assert http.post("/api/v1/assets", headers=headers).status_code == 413


def test_headers_of_answers(http):
    for path in ("/api/v1/queue", "/nowhere", "/healthz"):
        headers = http.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "server" not in headers
        assert "access-control-allow-origin" not in headers


def test_other_addresses_need_a_token(registered, monkeypatch):
    from yuragi.service import serve as module

    class Stop(Exception):
        pass

    made = []

    def stop(settings):
        made.append(settings)
        raise Stop

    monkeypatch.setattr(module, "held", stop)
    said = []
    for host in ("0.0.0.0", "192.0.2.1"):
        with pytest.raises(Stop):
            module.serve(Serving(host=host), None, said.append)
    tokens = [each.token for each in made]
    assert all(len(token) >= 32 for token in tokens)
    assert tokens[0] != tokens[1]
    assert said[0] == f"token: {tokens[0]}"
    assert "TLS" in said[1]
    with pytest.raises(Stop):
        module.serve(Serving(), None, said.append)
    assert made[-1].token == ""
