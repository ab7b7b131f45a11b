"""Engines with workers, ready to run batches."""

import sys
from types import SimpleNamespace

import pytest

from yuragi.research.bench.batch.arrangements import ENGINES


@pytest.mark.parametrize("running", [True, False])
def test_only_a_cluster_that_was_started_here_is_shut_down(monkeypatch, tmp_path, running):
    calls = []
    ray = SimpleNamespace(
        is_initialized=lambda: running,
        init=lambda **given: calls.append(("init", given["num_cpus"])),
        shutdown=lambda: calls.append("shutdown"),
    )
    monkeypatch.setitem(sys.modules, "ray", ray)
    with ENGINES["ray"](2, "cpu", tmp_path) as place:
        assert place.engine.workers == 2
    assert calls == ([] if running else [("init", 2), "shutdown"])
