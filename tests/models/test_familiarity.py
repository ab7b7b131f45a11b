"""The errors of a Gaussian denoiser and the Mahalanobis distance, in closed form."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from yuragi.core import SeededNoise
from yuragi.errors import InputError
from yuragi.models.edm import wrap_edm
from yuragi.models.familiarity import (
    FAMILIARITY,
    FLOOR,
    LEVELS,
    Calibration,
    calibration_of,
    familiarity,
    features,
)

SIDE = 16


class Net(nn.Module):
    """The optimal denoiser of N(0, 0.25) in every pixel."""

    def __init__(self):
        super().__init__()
        self.img_resolution, self.img_channels, self.label_dim = SIDE, 3, 0
        self.unused = nn.Parameter(torch.zeros(()))

    def forward(self, y, sigma, labels=None):
        return 0.25 * y / (sigma.reshape(-1, 1, 1, 1) ** 2 + 0.25)


@pytest.fixture(scope="module")
def model():
    return wrap_edm(Net())


def test_features_are_logarithms_of_squared_errors(model):
    x = torch.rand(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0)) * 2 - 1
    eps = SeededNoise(0, [0], "familiarity")(0, x[:1])
    found = features(model, x)
    assert found.shape == (2, 3 + 2 * 3)
    # There is no codec, so that its round trip is exact.
    torch.testing.assert_close(found[:, :3].exp(), torch.full((2, 3), FLOOR))
    for k, ratio in enumerate(LEVELS):
        guess = 0.25 * (x + ratio * eps) / (ratio**2 + 0.25)
        error = (guess - x).square().mean((2, 3)) + FLOOR
        torch.testing.assert_close(found[:, 3 + 3 * k : 6 + 3 * k].exp(), error, rtol=1e-4, atol=0)


def test_a_picture_has_the_same_features_in_any_batch(model):
    x = torch.rand(3, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1)) * 2 - 1
    torch.testing.assert_close(features(model, x)[1:2], features(model, x[1:2]))


def test_distance_is_mahalanobis():
    covariance = np.array([[4.0, 1.0], [1.0, 2.0]])
    known = Calibration(
        weights="", pictures=200, limit=3.0, mean=(1.0, -1.0), covariance=covariance.tolist()
    )
    off = np.array([[2.0, 0.5], [0.0, 0.0], [-1.0, 3.0]])
    found = known.distance(torch.tensor(off) + torch.tensor([1.0, -1.0]))
    expected = np.sqrt(np.einsum("bi,ij,bj->b", off, np.linalg.inv(covariance), off))
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.fixture
def calibrated(model, tmp_path):
    """The model in a folder, knowing pictures whose features are about those of mid-grey."""
    grey = features(model, torch.zeros(1, 3, SIDE, SIDE))[0]
    known = Calibration(
        weights=model.weights,
        pictures=200,
        limit=2.0,
        mean=grey.tolist(),
        covariance=(0.25 * torch.eye(len(grey))).tolist(),
    )
    (tmp_path / FAMILIARITY).write_text(known.model_dump_json())
    return dataclasses.replace(model, path=tmp_path)


def test_familiarity_is_the_limit_over_the_distance(calibrated):
    assert familiarity(calibrated, Image.new("RGB", (40, 30), (127, 127, 127))) > 10
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    picture = Image.fromarray(noise)
    x = torch.from_numpy(noise).permute(2, 0, 1)[None].float() / 127.5 - 1
    known = calibration_of(calibrated)
    expected = 2.0 / float(known.distance(features(calibrated, x)))
    assert familiarity(calibrated, picture) == pytest.approx(expected, rel=1e-5)
    assert expected < 1


def test_only_the_middle_square_counts(calibrated):
    wide = Image.new("RGB", (3 * SIDE, SIDE), "red")
    wide.paste((127, 127, 127), (SIDE, 0, 2 * SIDE, SIDE))
    alone = Image.new("RGB", (SIDE, SIDE), (127, 127, 127))
    assert familiarity(calibrated, wide) == familiarity(calibrated, alone)


def test_without_a_calibration_nothing_is_measured(model, calibrated, tmp_path):
    picture = Image.new("RGB", (SIDE, SIDE))
    assert familiarity(model, picture) is None
    assert familiarity(dataclasses.replace(calibrated, weights="others"), picture) is None
    (tmp_path / FAMILIARITY).unlink()
    assert familiarity(calibrated, picture) is None


@pytest.mark.parametrize("text", ["{", "{}", json.dumps({"weights": 1})])
def test_a_damaged_calibration_is_an_error(calibrated, tmp_path, text):
    (tmp_path / FAMILIARITY).write_text(text)
    with pytest.raises(InputError, match=r"models check writes it .*familiarity\.json"):
        calibration_of(calibrated)
