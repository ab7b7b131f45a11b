"""Networks that read more than a noisy picture are refused before anything runs."""

import pytest
from tiny_pipelines import build

import yuragi
from yuragi.errors import InputError


def wider(name, channels):
    """A pipeline with a network for other things, as diffusers' inpainting models have it."""
    pipeline = build(name)
    part = "unet" if hasattr(pipeline, "unet") else "transformer"
    network = getattr(pipeline, part)
    wide = type(network).from_config(network.config, in_channels=channels)
    setattr(pipeline, part, wide)
    return pipeline


@pytest.mark.parametrize(
    ("name", "channels", "read"),
    [
        ("sd1", 9, 4),
        ("sdxl", 9, 4),
        ("sd3", 32, 16),
        ("flux", 128, 64),
        ("pixart", 8, 4),
        ("dit", 8, 4),
        ("pixels", 6, 3),
    ],
)
def test_they_are_refused(name, channels, read):
    expected = f"^model must be .*{read} channels.* of {channels} channels"
    with pytest.raises(InputError, match=expected):
        yuragi.load(wider(name, channels))


def test_they_are_refused_from_a_folder(tmp_path):
    wider("sd1", 9).save_pretrained(tmp_path)
    with pytest.raises(InputError, match="inpainting.*UNet2DConditionModel of 9 channels"):
        yuragi.load(tmp_path, "cpu")
