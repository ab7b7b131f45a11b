"""The sweep of scale and gain on a tiny model: complete, resumable, honest about its costs."""

import json

import pytest
import torch

from yuragi.research.bench.guidance import ARMS, STEPS, bench_guidance

N = 10
ONE = ["plain", "ratio/4", "plain x25"]


@pytest.fixture(scope="module")
def sweep(pipeline_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweep")

    def run(arms, progress):
        return bench_guidance(
            str(pipeline_folder),
            folder / "runs",
            folder / "data",
            arms,
            [2.0],
            N,
            0,
            torch.device("cpu"),
            lambda done, total: progress.append((done, total)),
        )

    return run


def test_a_sweep_is_complete_and_goes_on_where_it_was(sweep):
    first, steps = sweep(ONE[:1], []), []
    report = sweep(ONE, steps)
    assert json.loads(json.dumps(report)) == report
    assert [p["arm"] for p in report["points"]] == ONE
    assert report["points"][0] == first["points"][0]
    assert steps[0] == (N, 3 * N)  # which was made before
    assert steps[-1] == (3 * N, 3 * N)
    plain, ratio, control = report["points"]
    assert plain["evaluations_per_picture"] == 2 * STEPS
    assert ratio["evaluations_per_picture"] == control["evaluations_per_picture"] == 2.5 * STEPS
    for point in report["points"]:
        assert point["fd"]["low"] <= point["fd"]["value"] <= point["fd"]["high"]
        assert 0 <= point["accuracy"] <= 1
        assert 1 <= point["vendi"] <= N
    assert report["floor"]["value"] < plain["fd"]["value"]
    assert plain["against"] == {}
    assert set(ratio["against"]) == {"plain", "plain x25"}
    for other, arm in ratio["against"].items():
        rival = {"plain": plain, "plain x25": control}[other]
        assert arm["fd"]["value"] == pytest.approx(ratio["fd"]["value"] - rival["fd"]["value"])
        assert arm["accuracy"]["value"] == pytest.approx(ratio["accuracy"] - rival["accuracy"])
        assert arm["fd"]["low"] <= arm["fd"]["value"] <= arm["fd"]["high"]


def test_every_gain_meets_its_control():
    """Plain guidance gets the same evaluations as each gain, a reverse product counting two."""
    spent = {}
    for name, arm in ARMS.items():
        gain = arm.at(2.0).guidance.gain
        per_step = {"plain": 2, "scheduled": 2, "reg": 4, "reg_forward": 3, "ratio": 4}[gain.name]
        spent[name] = arm.steps * (2 + (per_step - 2) / getattr(gain, "refresh", 1))
    for name, arm in ARMS.items():
        if arm.against:
            assert arm.against[0] == "plain"
            assert 0 <= spent[arm.against[-1]] - spent[name] <= 1, name
