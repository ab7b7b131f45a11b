"""The benchmark of batches, with a tiny model in place of the shipped one."""

import json

import torch

from yuragi.models.fingerprint import fingerprint
from yuragi.research.bench.batch import suite


def test_the_report_says_what_was_measured(pipeline_folder, monkeypatch):
    monkeypatch.setattr(suite, "MODEL", str(pipeline_folder))
    monkeypatch.setattr(suite, "WRITES", 3)
    seen = []
    report = suite.bench_batch(
        {"local": [1]}, 2, 2, 1, 5, torch.device("cpu"), lambda *at: seen.append(at)
    )
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert seen == [(1, 1)]
    assert report["weights"] == fingerprint(pipeline_folder)
    assert report["size"] == [256, 256]  # that of the shipped portraits
    assert (report["seeds"], report["n"]) == ([5, 6], 2)
    found = report["arrangements"]["local 1"]
    assert found["per_second"] == 2 / report["turns"][0]["seconds"]
    assert found["beside_one"] == 1
    parts = report["parts"]
    assert parts["picture_bytes"] > parts["receipt_bytes"] > 0
    assert min(parts["check_ms"], parts["write_ms"]) > 0
