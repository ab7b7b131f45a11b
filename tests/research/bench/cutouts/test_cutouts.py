"""Scenes of cut-outs are exact, and the suite measures every row on them."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from yuragi.images.shapes import polygon
from yuragi.research.bench import grounds
from yuragi.research.bench.cutouts import stamps, suite
from yuragi.research.bench.cutouts.rows import ROWS
from yuragi.research.bench.cutouts.scenes import MOTIONS, scene

SIDE = 96


pytestmark = pytest.mark.usefixtures("packages", "small_trunk")


def test_photographs_and_drawings_take_turns_and_symbols_are_left_out():
    photographs, drawings = stamps._stamps()
    assert {path.parent.name for path in (*photographs, *drawings)} == {"animals"}
    assert {path.stem[:5] for path in photographs} == {"photo"}
    assert {path.stem[:7] for path in drawings} == {"drawing"}


def test_splits_share_no_stamp():
    seen = [{stamps.stamp(split, k).tobytes() for k in range(4)} for split in grounds.SPLITS]
    assert not seen[0] & seen[1]


@pytest.mark.parametrize("index", range(6))
def test_a_scene_is_exact(index):
    one = scene("benchmark", index, SIDE)
    still = ~(one.source | one.target)
    # Outside of the thing and its soft edge nothing changes.
    far = ~np.asarray(Image.fromarray(~still).resize((SIDE, SIDE)).filter(_wider())) & still
    np.testing.assert_array_equal(one.before[far], one.truth[far])
    for (sx, sy), (tx, ty) in one.points:
        assert one.source[round(sy), round(sx)]
        assert one.target[round(ty), round(tx)]
        if index % len(MOTIONS) == 0:  # moved as it is
            near = one.truth[round(ty), round(tx)].astype(int)
            patch = one.before[round(sy) - 1 : round(sy) + 2, round(sx) - 1 : round(sx) + 2]
            assert np.abs(patch.astype(int) - near).sum(2).min() < 150
    assert (one.mask | still).all()


def _wider():
    from PIL import ImageFilter

    return ImageFilter.MaxFilter(7)


@pytest.mark.parametrize("index", range(6))
def test_the_lasso_holds_the_thing_before_and_after(index):
    one = scene("benchmark", index, SIDE)
    for corners, area in zip(one.region, (one.source, one.target), strict=True):
        held = np.asarray(polygon(corners, (SIDE, SIDE))) > 0
        assert (area & ~held).sum() <= 0.02 * area.sum()
        assert held.sum() <= 1.6 * area.sum()


def test_scenes_are_the_same_every_time():
    one, again = scene("benchmark", 5, SIDE), scene("benchmark", 5, SIDE)
    np.testing.assert_array_equal(one.before, again.before)
    assert one.points == again.points
    assert scene("validation", 5, SIDE).points != one.points


@pytest.mark.slow
def test_the_report(pipeline_folder, tmp_path, monkeypatch):
    seen = []

    def run():
        return suite.bench_cutouts(
            str(pipeline_folder),
            tmp_path,
            3,
            SIDE,
            "validation",
            0,
            torch.device("cpu"),
            lambda *at: seen.append(at),
        )

    report, shown = run()
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert seen == [(3, 3)]
    for given, rows in ROWS.items():
        found = report["given"][given]
        assert set(found["rows"]) == set(rows)
        assert set(found["ours_minus"]) == set(rows) - {"ours"}
        difference = found["rows"]["ours"]["psnr"] - found["rows"]["nothing"]["psnr"]
        told = found["ours_minus"]["nothing"]["psnr"]
        assert told["value"] == pytest.approx(difference)
        assert told["low"] <= told["value"] <= told["high"]
        assert set(found["psnr_by_kind"]) == set(MOTIONS)
    points = report["given"]["points"]["rows"]
    assert points["ours"]["folds"] == points["ours"]["tears"] == 0
    assert "folds" not in points["paste"]
    assert set(shown) == {"before", "truth", *ROWS}
    assert shown["truth"].shape == (3, 3, SIDE, SIDE)

    # What was made is kept: a second run makes no row again, and reports the same.
    monkeypatch.setattr(suite, "_made", lambda *args: pytest.fail("a row was made again"))
    again, _ = run()
    assert again["given"] == report["given"]
