"""Pixels to latents and back for both kinds of autoencoder."""

import pytest
import torch
from diffusers import AutoencoderKL, AutoencoderTiny

from yuragi.adapters import Codec


def image(height, width):
    return torch.rand(2, 3, height, width, generator=torch.Generator().manual_seed(0)) * 2 - 1


@pytest.fixture
def with_posterior():
    torch.manual_seed(0)
    return AutoencoderKL(
        block_out_channels=(8, 8, 8),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        latent_channels=4,
        norm_num_groups=4,
        scaling_factor=0.5,
        shift_factor=0.25,
    ).eval()


@pytest.fixture
def tiny():
    torch.manual_seed(0)
    return AutoencoderTiny(
        encoder_block_out_channels=(8, 8, 8),
        decoder_block_out_channels=(8, 8, 8),
        num_encoder_blocks=(0, 1, 1),
        num_decoder_blocks=(1, 1, 0),
        scaling_factor=1.5,
    ).eval()


@pytest.mark.parametrize("size", [(32, 48), (33, 47), (5, 17)])
@pytest.mark.parametrize("kind", ["with_posterior", "tiny"])
def test_any_size_comes_back(kind, size, request):
    codec = Codec(request.getfixturevalue(kind), 4, 16)
    latents = codec.encode(image(*size))
    rows, columns = (-(-side // 16) * 4 for side in size)
    assert latents.shape == (2, 4, rows, columns)
    assert latents.dtype == torch.float32
    back = codec.decode(latents, *size)
    assert back.shape == (2, 3, *size)
    assert back.abs().max() <= 1


def test_the_mode_is_used_and_scaled(with_posterior):
    x = image(32, 32)
    mode = with_posterior.encode(x).latent_dist.mode()
    latents = Codec(with_posterior, 4, 16).encode(x)
    torch.testing.assert_close(latents, (mode - 0.25) * 0.5)
    assert torch.equal(latents, Codec(with_posterior, 4, 16).encode(x))


def test_decode_inverts_the_scaling(tiny):
    x = image(16, 16)
    codec = Codec(tiny, 4, 16)
    expected = tiny.decode(tiny.encode(x).latents).sample.clamp(-1, 1)
    torch.testing.assert_close(codec.decode(codec.encode(x), 16, 16), expected)


def test_padding_does_not_move_pixels(tiny):
    x = image(48, 48)
    whole = Codec(tiny, 4, 16).encode(x)
    cut = Codec(tiny, 4, 16).encode(x[..., :40, :40])
    # Far from the padded edge nothing changes.
    torch.testing.assert_close(cut[..., :4, :4], whole[..., :4, :4])
