"""Figures are drawn and hold what they should; without matplotlib there is a hint."""

import sys

import pytest

from yuragi.errors import MissingExtraError
from yuragi.research.lab.pictures import (
    bars,
    check_matplotlib,
    curves,
    error_maps,
    quivers,
    samples,
)
from yuragi.research.lab.problems import named
from yuragi.research.lab.rules import RULES

FEW = {name: RULES[name] for name in ("cfg", "reg")}


def test_figures():
    pytest.importorskip("matplotlib")
    figure = curves(FEW, named["1D-ckpt"], 1.0)
    assert [line.get_label() for line in figure.axes[0].lines] == ["cfg", "reg", "ideal"]
    figure = error_maps(FEW, named["1D-ckpt"], 1.0)
    assert [axes.get_title() for axes in figure.axes[:2]] == ["|cfg - ideal|", "|reg - ideal|"]
    assert len(quivers(FEW, named["2D-autoG"], 1.0).axes) == 9
    titles = [axes.get_title() for axes in samples(FEW, named["2D-autoG"], 1.0, 0, 20).axes]
    assert titles == ["target", "cfg", "reg"]


def test_bars():
    pytest.importorskip("matplotlib")
    report = {"path_kl": {"1": {"a": {"cfg": 0.5, "reg": 0.1}, "b": {"cfg": 0.0, "reg": 2.0}}}}
    (axes,) = bars(report).axes
    heights = [[bar.get_height() for bar in container] for container in axes.containers]
    assert heights == [[0.5, 1e-4], [0.1, 2.0]]


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"pip install .*\[lab\]"):
        check_matplotlib()
