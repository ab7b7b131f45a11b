"""Following a job while connections break."""

import pytest

pytest.importorskip("httpx2")

import httpx2

from yuragi.client import following
from yuragi.client.calls import PATIENCE_S
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
