"""What stands before every route."""

import asyncio

import pytest
from starlette.testclient import TestClient

from yuragi.errors import InputError
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


POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("/api/v1/queue", {}),
        ("/healthz", {}),
        ("/nowhere", {}),
        ("/api/v1/queue", {"host": "evil.example"}),
        ("/api/v1/queue", {"origin": "http://evil.example"}),
    ],
)
def test_headers_of_answers(http, path, given):
    headers = http.get(path, headers=given).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["content-security-policy"] == POLICY
    assert "server" not in headers
    assert not [each for each in headers if each.startswith("access-control-")]


@pytest.mark.parametrize("path", ["jobs/%00", "assets/a%00b", "jobs?before=%00"])
def test_zero_bytes_in_addresses(http, path):
    assert http.get(f"/api/v1/{path}").status_code == 400  # PostgreSQL cannot look for them


def test_other_sites_are_not_told_that_they_may(http):
    asked = {"origin": "http://evil.example", "access-control-request-method": "POST"}
    answer = http.options("/api/v1/jobs", headers=asked)
    assert answer.status_code == 403
    assert not [each for each in answer.headers if each.startswith("access-control-")]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_pages_of_other_sites_that_embed_an_answer(http, site):
    headers = {"sec-fetch-site": site, "sec-fetch-mode": "no-cors"}
    assert http.get("/api/v1/queue", headers=headers).status_code == 403
    headers["sec-fetch-mode"] = "navigate"
    assert http.get("/api/v1/queue", headers=headers).status_code == 200
    own = {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}
    assert http.get("/api/v1/queue", headers=own).status_code == 200


def test_a_body_that_is_too_long_is_not_taken_for_a_damaged_one(client):
    with client(max_bytes=2000) as http:
        parts = (b'{"jobs": [' + b" " * 500 for _ in range(10))  # read by the framework itself
        headers = {"content-type": "application/json"}
        answer = http.put("/api/v1/queue/order", content=parts, headers=headers)
        assert answer.status_code == 413


def test_a_body_that_does_not_come(registered, monkeypatch):
    monkeypatch.setattr("yuragi.service.guard.SLOW_S", 0.05)
    app, told = make_app(held(Serving())), []

    async def receive():
        await asyncio.sleep(60)

    async def send(message):
        told.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v1/assets",
        "raw_path": b"/api/v1/assets",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1:8420")],
        "client": ("127.0.0.1", 1),
        "app": app,
    }
    asyncio.run(asyncio.wait_for(app(scope, receive, send), 5))
    assert told[0]["status"] == 408


@pytest.mark.parametrize("token", ["x", "0123456789abcde"])
def test_a_short_token_is_no_token_elsewhere(registered, token):
    from yuragi.service.serve import serve

    with pytest.raises(InputError, match="16 characters") as refused:
        serve(Serving(host="0.0.0.0", port=0, token=token, workers=0), None, None)
    assert token not in str(refused.value)


def test_other_addresses_need_a_token(registered, monkeypatch):
    from yuragi.service import listening
    from yuragi.service import serve as module

    made, told = [], []

    class Silent:
        def __init__(self, config):
            made.append(config.app.state.held.settings)

        def run(self, sockets):
            sockets[0].close()

    monkeypatch.setattr(listening.uvicorn, "Server", Silent)
    for host in ("0.0.0.0", "0.0.0.0", "127.0.0.1"):
        settings = Serving(host=host, port=0, workers=0)
        module.serve(settings, None, lambda url, token: told.append((url, token)))
    first, second, own = (token for _, token in told)
    assert len(first) >= 32
    assert first != second
    assert own == ""
    assert [each.token for each in made] == [first, second, own]
