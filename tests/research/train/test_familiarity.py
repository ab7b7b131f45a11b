"""A model is calibrated on held-out portraits, and can be again."""

import shutil

import pytest

import yuragi
from yuragi.errors import InputError
from yuragi.models.familiarity import calibration_of
from yuragi.research.train.cache import name_of
from yuragi.research.train.familiarity import calibrate_portraits


@pytest.mark.slow
def test_calibrate_on_portraits(pipeline_folder, tmp_path):
    folder = shutil.copytree(pipeline_folder, tmp_path / "model")
    model = yuragi.load(folder, "cpu").loaded
    seen = []
    calibrate_portraits(model, tmp_path / "data", 130, lambda *done: seen.append(done))
    assert seen[-1] == (130, 130)
    assert calibration_of(model).pictures == 130
    drawings = name_of("validation", 130, model.native_size)
    assert (tmp_path / "data" / f"{drawings}.npy").exists()
    with pytest.raises(InputError, match="128 pictures or more"):
        calibrate_portraits(model, tmp_path / "data", 3, lambda *done: None)
