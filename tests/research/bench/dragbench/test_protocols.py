"""Both protocols on maps whose features are known, and a whole run on a small folder."""

import json
import math

import numpy as np
import pytest
import torch
from PIL import Image

from yuragi.errors import InputError
from yuragi.research.bench.dragbench.protocols import mean_distance_a, mean_distance_b
from yuragi.research.bench.dragbench.run import bench_dragbench

SIZE = (40, 50)


def maps(x, y):
    """A map with one feature of its own, at (x, y)."""
    found = torch.zeros(2, *SIZE)
    found[1] = 1
    found[:, y, x] = torch.tensor([1.0, 0.0])
    return found


def test_what_arrived_is_at_distance_0():
    points = [((10, 10), (30, 20))]
    assert mean_distance_a(maps(10, 10), maps(30, 20), points, SIZE).item() == 0
    assert mean_distance_b(maps(10, 10), maps(30, 20), points, SIZE).item() == 0


def test_doing_nothing_is_the_length_of_the_drag():
    points = [((10, 10), (30, 20))]
    a = mean_distance_a(maps(10, 10), maps(10, 10), points, SIZE)
    b = mean_distance_b(maps(10, 10), maps(10, 10), points, SIZE)
    assert a.item() == pytest.approx(math.hypot(20, 10))
    assert b.item() == pytest.approx(math.hypot(20 / 50, 10 / 40))


def test_b_does_not_look_far_away():
    """The best match lies at (48, 38), outside of both discs: A takes it, B cannot."""
    points = [((10, 10), (16, 10))]
    before, after = maps(10, 10), maps(48, 38)
    assert mean_distance_a(before, after, points, SIZE).item() == pytest.approx(
        math.hypot(48 - 16, 38 - 10)
    )
    farthest = 6 + 5  # from the target to the far side of the source's disc, of radius 5
    assert mean_distance_b(before, after, points, SIZE).item() <= farthest / 40


@pytest.fixture
def folder(tmp_path):
    """DragBench-S with two pictures of unlike size, and one that cannot be dragged."""
    for name, size, target in (("a_0", (48, 40), [23, 20]), ("b_1", (64, 48), [25, 20])):
        place = tmp_path / "S" / name
        place.mkdir(parents=True)
        pixels = np.random.default_rng(0).integers(0, 255, (*size[::-1], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(place / "origin_image.png")
        given = {"source": [[20, 20]], "target": [target], "prompt": "a person"}
        (place / "prompt.json").write_text(json.dumps(given))
    broken = tmp_path / "S" / "c_2"
    broken.mkdir()
    Image.new("RGB", (20, 20)).save(broken / "origin_image.png")
    given = {"source": [[5, 5]], "target": [[500, 5]], "prompt": "far"}
    (broken / "prompt.json").write_text(json.dumps(given))
    return tmp_path / "S"


@pytest.mark.slow
def test_a_run(folder, pipeline_folder, small_trunk):
    seen = []
    report = bench_dragbench(
        folder,
        False,
        str(pipeline_folder),
        str(pipeline_folder),
        small_trunk,
        64,
        True,
        0,
        torch.device("cpu"),
        lambda done, total: seen.append((done, total)),
    )
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert (report["n"], report["perceptual"]) == (2, "small")
    assert list(report["skipped"]) == ["c_2"]
    assert "500,5" in report["skipped"]["c_2"]
    assert set(report["rows"]) == {"nothing", "paste", "ode", "paper", "ours"}
    assert seen == [(1, 3), (2, 3), (3, 3)]  # the skipped one is done too
    nothing = report["rows"]["nothing"]
    assert nothing["fidelity_a"] == 1
    assert nothing["lpips_b_x100"] == 0
    assert nothing["evaluations"] == 0
    # Every pixel of noise has a feature of its own, so what did not move is found where it was.
    assert nothing["mean_distance_a"] == pytest.approx((3 + 5) / 2, abs=2)
    assert report["rows"]["paper"]["evaluations"] > 30
    assert report["rows"]["paper"]["lpips_b_x100"] > 0


def test_an_unknown_model_of_features_is_named(folder, pipeline_folder, small_trunk):
    with pytest.raises(InputError, match=r"^features: there is no such model \(nowhere\)"):
        bench_dragbench(
            folder,
            False,
            str(pipeline_folder),
            "nowhere",
            small_trunk,
            64,
            True,
            0,
            torch.device("cpu"),
            lambda done, total: None,
        )
