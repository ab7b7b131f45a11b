"""Grounds are the same every time, differ by number, and are not even."""

import numpy as np
import pytest
from PIL import Image

from yuragi.errors import YuragiError
from yuragi.research.bench import grounds


@pytest.fixture
def nature(tmp_path, monkeypatch):
    monkeypatch.setattr(grounds, "BACKGROUNDS", tmp_path)
    grounds._photographs.cache_clear()
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (80, 120, 3), np.uint8)).save(tmp_path / "one.jpg")
    yield tmp_path
    grounds._photographs.cache_clear()


@pytest.mark.parametrize("kind", sorted(grounds.KINDS))
@pytest.mark.parametrize("index", range(7))
def test_a_ground(nature, kind, index):
    found = grounds.ground(kind, "benchmark", index, 48)
    assert found.shape == (48, 48, 3)
    assert found.dtype == np.uint8
    assert found.std(axis=(0, 1)).max() > 1
    np.testing.assert_array_equal(found, grounds.ground(kind, "benchmark", index, 48))
    assert not np.array_equal(found, grounds.ground(kind, "validation", index, 48))


def test_a_pattern_has_two_colours_but_for_its_edges():
    found = grounds.ground(grounds.PATTERN, "benchmark", 0, 96).reshape(-1, 3)
    _, counts = np.unique(found, axis=0, return_counts=True)
    assert np.sort(counts)[-2:].sum() > 0.5 * len(found)


def test_a_missing_package_is_named(monkeypatch, tmp_path):
    with pytest.raises(YuragiError, match="apt-get install some-pictures"):
        grounds.package_folder(tmp_path / "missing", "some-pictures")
