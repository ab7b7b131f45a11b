"""What gains declare is what they spend; only `reg` keeps activations."""

import torch

from yuragi.research.bench.guidance_cost import bench_guidance_cost


def test_costs_on_a_tiny_model(pipeline_folder):
    seen = []
    report = bench_guidance_cost(
        str(pipeline_folder), 1, 2, False, torch.device("cpu"), lambda *done: seen.append(done)
    )
    rows = report["networks"][str(pipeline_folder)]["gains"]
    for name, row in rows.items():
        assert row["evaluations"] == row["declared"]["evaluations"], name
        assert (row["peak_mib"] > 0) == (name == "reg" or "checkpointed" in name), name
        assert row["relative"] > 0
    assert rows["plain"]["relative"] == 1
    assert rows["reg, checkpointed"]["peak_mib"] < rows["reg"]["peak_mib"]
    assert seen == [(1, 2), (2, 2)]
