"""The speed benchmark on a tiny model: what is counted is what was done."""

import json

import pytest
import torch

from yuragi.research.bench import speed
from yuragi.research.bench.memory import peak_memory

STEPS, CANDIDATES = 5, 3


@pytest.mark.slow
def test_counts(pipeline_folder, monkeypatch):
    monkeypatch.setattr(speed, "STEPS", STEPS)
    monkeypatch.setattr(speed, "CANDIDATES", CANDIDATES)
    seen = []
    report = speed.bench_speed(
        str(pipeline_folder), 1, torch.device("cpu"), lambda *at: seen.append(at)
    )
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    rows = report["rows"]
    assert seen[-1] == (len(rows), len(rows))
    assert rows["sample"]["evaluations"] == rows["diffusers"]["evaluations"] == 2 * STEPS
    assert rows["sample x8"]["evaluations"] == 2 * STEPS * CANDIDATES
    # A drag encodes its picture once, reads its words once (and the empty ones), decodes once.
    for name in ("drag warp", "drag fast"):
        assert rows[name]["encodes"] == 1
        assert rows[name]["texts"] == 2
    # Candidates share the warp: one evaluation each for the doubt, half of 20 levels twice, and
    # one for the picture before and each of them when they are ranked.
    shared = CANDIDATES * (1 + 10 * 2)
    assert rows["drag warp x8"]["evaluations"] == shared + CANDIDATES + 1
    assert rows["lora"]["evaluations"] == 100
    assert rows["preview"]["evaluations"] == 0
    for name, row in rows.items():
        assert row["seconds"] > 0
        if name != "preview":
            assert row["overhead"] >= 1
            assert row["peak"] > 0


def test_peak_memory_sees_what_earlier_blocks_freed():
    """64 MiB count again after as much was held and freed."""
    for _ in range(2):
        with peak_memory(torch.device("cpu")) as peak:
            held = torch.zeros(64 * 2**18)
            del held
        assert 60 <= peak.mib <= 80
