"""Following a job while connections break."""

import pytest

pytest.importorskip("httpx2")

import httpx2

from yuragi.client import Client, following
from yuragi.client.calls import AWAY, PATIENCE_S, Refused
from yuragi.client.following import Following
from yuragi.service.wire import Event


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(following.time, "monotonic", lambda: now[0])
    return now


BROKEN = httpx2.ReadError("broken")


def test_a_quiet_job_may_last_long_before_its_connection_breaks(clock):
    held = Following(0)
    held.opened(httpx2.Response(200))
    clock[0] += 10 * PATIENCE_S  # no event: the job waits in the queue
    held.broke(BROKEN)
    clock[0] += 0.9 * PATIENCE_S
    held.broke(BROKEN)
    clock[0] += 0.2 * PATIENCE_S
    with pytest.raises(httpx2.ReadError):
        held.broke(BROKEN)


@pytest.mark.parametrize("back", ["opened", "event"])
def test_a_connection_that_is_back_has_all_patience_again(clock, back):
    held = Following(0)
    held.broke(BROKEN)
    clock[0] += 0.9 * PATIENCE_S
    if back == "opened":
        held.opened(httpx2.Response(200))
    else:
        held.took(Event(number=1, kind="progress", data={}))
    held.broke(BROKEN)
    clock[0] += 0.9 * PATIENCE_S
    held.broke(BROKEN)


@pytest.mark.parametrize("status", AWAY)
def test_a_proxy_without_a_service_behind_it_is_a_broken_connection(clock, status):
    held = Following(0)
    with pytest.raises(Refused) as away:
        held.opened(httpx2.Response(status, content=b"<html>Bad Gateway</html>"))
    held.broke(away.value)
    clock[0] += 1.1 * PATIENCE_S
    with pytest.raises(Refused, match=f"answered {status}"):
        held.broke(away.value)


def test_waiting_goes_on_when_the_service_is_back_and_ends_if_it_refuses(monkeypatch):
    monkeypatch.setattr("yuragi.client.synchronous.AGAIN_S", 0.0)
    answers = [
        httpx2.Response(502),
        httpx2.Response(503, json={"message": "the database does not answer"}),
        httpx2.Response(200, text='data: {"number": 1, "kind": "done", "data": {}}\n\n'),
        httpx2.Response(404, json={"message": "there is no job x"}),
    ]
    with Client("http://127.0.0.1:9") as service:
        service._http = httpx2.Client(
            base_url="http://127.0.0.1:9",
            transport=httpx2.MockTransport(lambda request: answers.pop(0)),
        )
        assert [each.kind for each in service.events("x")] == ["done"]
        with pytest.raises(Refused, match="there is no job x"):
            list(service.events("x"))
