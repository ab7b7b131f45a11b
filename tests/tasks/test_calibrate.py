"""A calibration knows pictures like those that it was made from, and no others."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from gradients import gradient, noise
from yuragi.errors import InputError
from yuragi.images.tensors import to_tensor
from yuragi.models.familiarity import FAMILIARITY, calibration_of, familiarity, features
from yuragi.tasks.calibrate import (
    LEAST,
    MARGIN,
    RIDGE,
    as_jpeg,
    calibrate,
    halved,
    pictures_in,
    read_file,
    write_familiarity,
)


def test_known_pictures_are_known_and_others_foreign(knowing):
    model = knowing.loaded
    fresh = [familiarity(model, gradient(1000 + k)) for k in range(60)]
    assert np.mean(np.array(fresh) >= 1) > 0.9
    assert all(familiarity(model, noise(k)) < 0.5 for k in range(10))


def test_saved_and_resized_pictures_stay_known(knowing):
    model = knowing.loaded
    for form in (as_jpeg, halved):
        again = [familiarity(model, form(gradient(2000 + k))) for k in range(30)]
        assert np.mean(np.array(again) >= 1) > 0.9


def test_mean_and_covariance_are_those_of_every_other_picture(knowing):
    model, known = knowing.loaded, calibration_of(knowing.loaded)
    assert known.pictures == LEAST
    forms = [
        form(gradient(k)) for k in range(0, LEAST, 2) for form in (lambda p: p, as_jpeg, halved)
    ]
    found = torch.cat([features(model, to_tensor(one)) for one in forms]).double()
    np.testing.assert_allclose(known.mean, found.mean(0), rtol=1e-3)
    covariance = np.cov(found.T.numpy()) + RIDGE**2 * np.eye(found.shape[1])
    np.testing.assert_allclose(known.covariance, covariance, rtol=1e-2, atol=1e-4)


def test_the_limit_is_beyond_what_the_covariance_has_not_seen(knowing):
    model, known = knowing.loaded, calibration_of(knowing.loaded)
    forms = [
        form(gradient(k)) for k in range(1, LEAST, 2) for form in (lambda p: p, as_jpeg, halved)
    ]
    found = torch.cat([features(model, to_tensor(one)) for one in forms])
    within = known.distance(found).quantile(0.995)
    assert known.limit == pytest.approx(MARGIN * float(within), rel=1e-3)


def test_it_lies_in_the_models_folder(knowing):
    told = json.loads((knowing.loaded.path / FAMILIARITY).read_text("utf-8"))
    assert told["weights"] == knowing.loaded.weights
    assert told["limit"] > 0


def test_too_few_pictures(tiny):
    with pytest.raises(InputError, match=f"pictures must be {LEAST}"):
        calibrate(tiny.loaded, range(LEAST - 1), gradient)


def test_a_model_without_a_folder_keeps_none(knowing):
    import yuragi

    known = calibration_of(knowing.loaded)
    wrapped = yuragi.load(knowing.loaded.pipeline).loaded
    assert calibration_of(wrapped) is None
    with pytest.raises(InputError, match="a model from a folder"):
        write_familiarity(wrapped, known)


def test_pictures_in_a_folder(tmp_path):
    (tmp_path / "more").mkdir()
    for name in ("b.png", "more/a.JPG"):
        gradient(0).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no picture")
    found = pictures_in(tmp_path)
    assert found == [tmp_path / "b.png", tmp_path / "more" / "a.JPG"]
    assert read_file(found[1]).mode == "RGB"
    with pytest.raises(InputError, match="a folder of pictures"):
        pictures_in(tmp_path / "nowhere")


def test_halved_has_no_finest_detail():
    fine = Image.fromarray(np.indices((16, 16)).sum(0).astype(np.uint8) % 2 * 255).convert("RGB")
    assert np.ptp(np.asarray(halved(fine))[4:12, 4:12].astype(int)) < 40
    assert halved(fine).size == fine.size
