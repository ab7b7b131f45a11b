"""The sweep of portraits on a tiny model: the judge reads captions, and drawings have a digest."""

import pytest

from yuragi.models.opening import Opening
from yuragi.research.sweep.grid import grid
from yuragi.research.sweep.portraits import portraits_sweep
from yuragi.research.sweep.rows import Rows
from yuragi.research.sweep.run import run_sweep
from yuragi.research.train.autoencoder import arrays_to_tensor
from yuragi.research.train.cache import cached

N = 12


@pytest.fixture(scope="module")
def drawings(tmp_path_factory):
    return tmp_path_factory.mktemp("drawings")


@pytest.fixture(scope="module")
def swept(pipeline_folder, drawings):
    return portraits_sweep(str(pipeline_folder), None, N, 3, drawings, Opening(device="cpu"))


def test_the_judge_sees_in_drawings_what_their_captions_name(swept, drawings):
    sampler, real = swept
    pictures, _ = cached("benchmark", N, drawings)
    prompts = [sampler.prompt(k) for k in range(N)]
    shown = real.right(arrays_to_tensor(pictures), prompts)
    assert shown.shape == (N,)
    assert shown.mean() > 0.95
    others = real.right(arrays_to_tensor(pictures), prompts[1:] + prompts[:1])
    assert others.mean() < shown.mean() - 0.3


def test_points_are_measured_against_the_drawings(swept, tmp_path):
    sampler, real = swept
    points = grid(["cfg"], ["plain", "ratio"], [2], ["ddim"], {"plain": [2]})
    rows = run_sweep(points, sampler, real, N, Rows(tmp_path / "r"), lambda *_: None, 10)
    for row in rows:
        assert row["draws"]["real"] == real.digest
        assert row["sizes"]["FD-EffLite0"] == [N, N]
        assert row["sizes"]["accuracy"] == [N, 0]
        assert row["values"]["FD-EffLite0"] > 0
        assert 0 <= row["values"]["accuracy"] <= 1
    assert [row["cost"] for row in rows] == [4, 8]


def test_the_digest_is_of_the_pixels(pipeline_folder, swept, tmp_path):
    opening = Opening(device="cpu")
    _, again = portraits_sweep(str(pipeline_folder), None, N, 9, tmp_path, opening)
    _, fewer = portraits_sweep(str(pipeline_folder), None, N - 1, 3, tmp_path, opening)
    assert again.digest == swept[1].digest != fewer.digest
