"""Previews take a small share of the time, so that short runs have none."""

import pytest
import torch

from yuragi.service import preview as previews
from yuragi.service.preview import SHARE, Previews


@pytest.fixture
def now(monkeypatch):
    """The time, which the tests set."""
    at = [100.0]
    monkeypatch.setattr(previews.time, "monotonic", lambda: at[0])
    return at


def begun(tiny, costs):
    """Previews of a run that has evaluated its network."""
    made = Previews(tiny.loaded, costs)
    made.model.bind(["a person"])(torch.zeros(1, 4, 32, 32), torch.tensor(500.0))
    return made


def test_the_first_preview_finds_what_previews_cost(tiny, now):
    costs, shown = {}, []
    made = begun(tiny, costs)

    def show(upload):
        shown.append(upload)
        now[0] += 0.03  # to decode and to store it

    made.seen(0.1, show)
    assert shown == []  # too early
    now[0] += 0.3
    made.seen(0.1, show)
    (upload,) = shown
    assert (upload.width, upload.height, upload.media_type) == (128, 128, "image/webp")
    assert list(costs.values()) == [pytest.approx(0.03)]
    now[0] += 1.0
    made.seen(0.5, show)
    assert len(shown) == 1  # 0.03 seconds are more than the share of one second
    now[0] += 0.5
    made.seen(0.6, show)
    assert len(shown) == 2


@pytest.mark.parametrize(("whole", "count"), [(1.4, 0), (1.6, 1)])
def test_only_a_run_that_is_long_enough_has_one_early(tiny, now, whole, count):
    made, shown = begun(tiny, {(tiny.loaded.weights, (1, 4, 32, 32)): SHARE * 1.5}), []
    now[0] += 0.3
    made.seen(0.3 / whole, shown.append)
    assert len(shown) == count
