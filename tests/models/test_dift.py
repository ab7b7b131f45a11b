"""Features of a diffusion UNet: shapes, determinism, finding a thing that moved."""

import pytest
import torch

import yuragi
from promises import assert_equal_to_rounding
from yuragi.errors import InputError
from yuragi.images.tensors import to_tensor
from yuragi.models.dift import DIFT
from yuragi.research.metrics.arrival import by_features


def test_maps_are_the_blocks_and_the_same_for_every_batch(tiny, picture):
    x = to_tensor(picture)
    maps = DIFT(tiny.loaded)(torch.cat([x, x.flip(-1)]), ["a person"])
    assert maps.shape[0] == 2
    assert maps.dtype == torch.float32
    alone = DIFT(tiny.loaded)(x, ["a person"])
    assert_equal_to_rounding(maps[:1], alone)
    coarse = DIFT(tiny.loaded, block=0)(x, ["a person"])
    assert coarse.shape[-1] < maps.shape[-1]
    assert not tiny.loaded.pipeline.unet.up_blocks[1]._forward_hooks


def test_the_shipped_model_finds_a_portrait_that_was_moved():
    """By 24 pixels; an 8-pixel map finds it within 8."""
    from yuragi.research.train.portraits import draw, portrait

    loaded = yuragi.load("portraits", "cpu").loaded
    before = to_tensor_of(draw(portrait("validation", 3)))
    after = torch.roll(before, 48, -1)
    maps = DIFT(loaded, samples=4)(torch.cat([before, after]), ["a person"])
    points = [(128, 140), (104, 120), (152, 120)]
    targets = [(x + 48, y) for x, y in points]
    found = by_features(maps[0], maps[1], points, targets, (256, 256))
    assert found.median() <= 16
    assert found.mean() < 48 / 2


def to_tensor_of(pixels):
    from PIL import Image

    return to_tensor(Image.fromarray(pixels))


@pytest.mark.parametrize(
    ("settings", "name"),
    [({"block": 9}, "block"), ({"time": 1e6}, "time"), ({"samples": 0}, "samples")],
)
def test_bad_settings(tiny, settings, name):
    with pytest.raises(InputError, match=f"^{name}"):
        DIFT(tiny.loaded, **settings)
