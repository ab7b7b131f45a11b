"""Where content went, on pictures in which it is known."""

import pytest
import torch

from yuragi.drag.arrival import by_registration


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
