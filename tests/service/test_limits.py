"""What one client may ask for."""

import pytest
from starlette.requests import HTTPConnection
from starlette.testclient import TestClient

from yuragi.service.app import make_app
from yuragi.service.held import held
from yuragi.service.limits import Meter, client_of
from yuragi.service.settings import Serving

API = "/api/v1"
SAMPLE = {"kind": "sample", "model": "tiny", "prompt": "a person"}


@pytest.fixture
def app(address):
    """A service with limits."""
    made = []

    def make(**settings):
        made.append(held(Serving(database=address, **settings)))
        return make_app(made[-1])

    yield make
    for each in made:
        each.close()


def client(app, host="192.0.2.1"):
    return TestClient(app, base_url="http://127.0.0.1:8420", client=(host, 1))


def refused(answer):
    assert answer.status_code == 429
    assert answer.json()["message"]
    assert 1 <= int(answer.headers["retry-after"]) <= 3600
    return True


def test_submissions(app):
    made = app(max_submissions=3)
    with client(made) as first, client(made, "192.0.2.2") as second:
        jobs = [first.post(f"{API}/jobs", json=SAMPLE).json()["id"] for _ in range(3)]
        assert refused(first.post(f"{API}/jobs", json=SAMPLE))
        first.post(f"{API}/jobs/{jobs[0]}/cancel")
        assert refused(first.post(f"{API}/jobs/{jobs[0]}/retry"))
        assert first.get(f"{API}/jobs").status_code == 200  # to look is free
        assert second.post(f"{API}/jobs", json=SAMPLE).status_code == 202
        assert len(first.get(f"{API}/jobs").json()) == 4


def test_jobs_that_wait(app):
    made = app(max_waiting=2)
    with client(made) as first, client(made, "192.0.2.2") as second:
        jobs = [first.post(f"{API}/jobs", json=SAMPLE).json()["id"] for _ in range(2)]
        assert refused(first.post(f"{API}/jobs", json=SAMPLE))
        assert second.post(f"{API}/jobs", json=SAMPLE).status_code == 202
        first.post(f"{API}/jobs/{jobs[0]}/cancel")
        assert first.post(f"{API}/jobs", json=SAMPLE).status_code == 202
        assert refused(first.post(f"{API}/jobs/{jobs[0]}/retry"))


def test_a_repeated_submission_is_not_one_more_job(app):
    with client(app(max_waiting=1)) as first:
        headers = {"idempotency-key": "mine"}
        made = first.post(f"{API}/jobs", json=SAMPLE, headers=headers)
        again = first.post(f"{API}/jobs", json=SAMPLE, headers=headers)
        assert (again.status_code, again.json()["id"]) == (202, made.json()["id"])
        assert first.post(f"{API}/jobs", json={**SAMPLE, "seed": 9}, headers=headers).is_error
        assert refused(first.post(f"{API}/jobs", json=SAMPLE, headers={"idempotency-key": "new"}))


def test_bytes(app, portrait):
    made = app(max_traffic=2 * len(portrait) + 100)
    with client(made) as first, client(made, "192.0.2.2") as second:
        for _ in range(2):
            assert first.post(f"{API}/assets", content=portrait).status_code == 201
        assert refused(first.post(f"{API}/assets", content=portrait))
        headers = {"content-type": "application/json"}
        body = b'{"jobs": [' + b" " * 200 + b"]}"
        assert refused(first.put(f"{API}/queue/order", content=body, headers=headers))
        assert second.post(f"{API}/assets", content=portrait).status_code == 201


def test_there_are_none_for_this_machine_alone():
    here, elsewhere = Serving(), Serving(host="0.0.0.0")
    limits = ("max_submissions", "max_waiting", "max_traffic")
    assert [getattr(here, name) for name in limits] == [0, 0, 0]
    assert all(getattr(elsewhere, name) for name in limits)
    assert Serving(max_waiting=7).max_waiting == Serving(host="::", max_waiting=7).max_waiting == 7
    meter = Meter.of(here)
    assert {meter.submitted("x") for _ in range(1000)} == {0}
    assert meter.received("x", 10**15) == 0


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::ffff:1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("testclient", "testclient"),
    ],
)
def test_a_client_is_an_address_or_a_household(host, name):
    assert client_of(HTTPConnection({"type": "http", "client": (host, 1)})) == name


def test_the_header_of_a_proxy_is_believed_only_of_proxies(registered, monkeypatch):
    from yuragi.service import listening
    from yuragi.service import serve as module

    made = []

    class Silent:
        def __init__(self, config):
            made.append((config.proxy_headers, config.forwarded_allow_ips))

        def run(self, sockets):
            sockets[0].close()

    monkeypatch.setattr(listening.uvicorn, "Server", Silent)
    for proxy in ((), ("192.0.2.7",)):
        module.serve(Serving(port=0, workers=0, proxy=proxy), None, lambda url, token: None)
    assert made == [(False, []), (True, ["192.0.2.7"])]
