"""Measures of sets: the number of pictures that are compared with each other is limited."""

import pytest
import torch

from yuragi.research.measure import sets
from yuragi.research.measure.folder import spans
from yuragi.research.measure.sets import set_figures, set_measures
from yuragi.research.metrics.backends import Backend, Encoded

BACKEND = Backend("colours", "FD", Encoded, "weights")
BY_PAIRS = ("KID", "precision", "recall", "density", "coverage")


def features(n, seed):
    rows = torch.randn(n, 4, generator=torch.Generator().manual_seed(seed))
    return Encoded(rows, rows)


FAKE, TRUE = features(50, 0), features(64, 1)


def figures(fake, true):
    found = set_figures(BACKEND, fake, true, lambda n: spans(range(n)), 10)
    return {figure.name: figure for figure in found}


def test_few_pictures_are_all_compared(monkeypatch):
    want = figures(FAKE, TRUE)
    assert {(figure.n, figure.against) for figure in want.values()} == {(50, 64), (50, 0)}
    monkeypatch.setattr(sets, "LIMIT", 64)
    assert figures(FAKE, TRUE) == want


def test_of_many_pictures_a_limited_number_is_compared(monkeypatch):
    """The first generated ones, and real ones from the whole folder."""
    everything = figures(FAKE, TRUE)
    part = figures(Encoded(FAKE.features[:16]), Encoded(TRUE.features[::4]))
    monkeypatch.setattr(sets, "LIMIT", 16)
    found = figures(FAKE, TRUE)
    for name, figure in found.items():
        assert figure == (part if name in BY_PAIRS else everything)[name], name
    assert (found["KID"].n, found["KID"].against, found["KID"].seeds) == (16, 16, "0-15")


def test_memory_does_not_grow_with_the_square_of_the_number(monkeypatch):
    monkeypatch.setattr(sets, "LIMIT", 100)
    largest = []
    distances = torch.cdist

    def watched(x, y):
        largest.append(max(len(x), len(y)))
        return distances(x, y)

    monkeypatch.setattr(torch, "cdist", watched)
    measures = set_measures(BACKEND, features(1000, 0), features(1000, 1))
    assert measures["KID"].value(torch.arange(100)) == pytest.approx(0, abs=0.5)
    assert max(largest) == 100
