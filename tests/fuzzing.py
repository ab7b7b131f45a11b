"""What the tests with generated requests share: how many, and how long one may take."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings

TRACES = ("Traceback", 'File "', ".py")
"""What only an error inside the service would say."""


def cases(few, many):
    """The number of generated cases: few with every test, many with the slow ones."""
    slow = pytest.param(many, marks=[pytest.mark.slow, pytest.mark.timeout(1800)], id="many")
    return pytest.mark.parametrize("count", [pytest.param(few, id="few"), slow])


def holds(check, count, **drawn):
    """Run a check on so many drawn arguments, each of which may take ten seconds at most."""
    limits = settings(
        max_examples=count,
        deadline=timedelta(seconds=10),
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    limits(given(**drawn)(check))()


def answers(response, *allowed):
    """Check that the service refused or did what it was asked, and says nothing of its inside."""
    told = f"{response.status_code} {response.text[:300]}"
    assert response.status_code in allowed, told
    assert not any(trace in response.text for trace in TRACES), told
    if response.status_code >= 400 and response.request.method != "HEAD":
        assert response.json()["message"], told
    return response
