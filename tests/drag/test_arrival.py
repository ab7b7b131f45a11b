"""Where content went, on pictures in which it is known."""

import pytest
import torch

from yuragi.drag.arrival import by_features, by_registration, ghost


def blob(x, y, size=64):
    rows, columns = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    distance = (columns - x) ** 2 + (rows - y) ** 2
    return (2 * torch.exp(-distance / 30) - 1).expand(3, -1, -1)


@pytest.mark.parametrize(("x", "y", "way"), [(30, 30, 0), (34, 27, 5), (30, 40, 10)])
def test_registration_finds_how_far_content_is_from_its_target(x, y, way):
    found = by_registration(blob(x, y), blob(30, 30), [(30.0, 30.0)])
    assert found.item() == pytest.approx(way, abs=0.1)


def test_flat_places_count_as_arrived():
    flat = torch.zeros(3, 64, 64)
    assert by_registration(flat, flat, [(20.0, 20.0), (60.0, 3.0)]).tolist() == [0, 0]


def test_features_find_the_place_that_looks_alike():
    before, after = torch.zeros(2, 8, 64, 64)
    before[0], after[0] = 1, 1
    before[1, 20:25, 10:15] = 5
    after[1, 30:35, 40:45] = 5
    found = by_features(before, after, [(12.0, 22.0)], [(42.0, 32.0)], (64, 64))
    assert found.item() <= 3
    stayed = by_features(before, before, [(12.0, 22.0)], [(42.0, 32.0)], (64, 64))
    assert stayed.item() == pytest.approx((30**2 + 10**2) ** 0.5, abs=3)


def test_ghost_is_one_for_nothing_done_and_none_for_the_truth():
    before, truth = blob(20, 20), blob(44, 44)
    vacated = before[0] > 0
    assert ghost(before, before, truth, vacated).item() == pytest.approx(1)
    assert ghost(truth, before, truth, vacated).item() == pytest.approx(0, abs=1e-6)
    half = (before + truth) / 2
    assert ghost(half, before, truth, vacated).item() == pytest.approx(0.5)
    assert ghost(before, before, truth, torch.zeros_like(vacated)).isnan()
